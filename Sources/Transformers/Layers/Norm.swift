import Gradients

/// Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467): (R, ..., C) to the same.
/// Its scales begin at 1.
struct RMSNorm: Layer {
  let weight: Weight
  let epsilon: Float

  init(_ name: String, channels: Int, epsilon: Float) {
    weight = Weight([ParameterDeclaration(name, [channels], .vector, .constant(1))])
    self.epsilon = epsilon
  }

  var weights: [Weight] { [weight] }

  func callAsFunction(_ pass: Pass, _ x: Variable) throws -> Variable {
    try pass.tape.rmsNorm(x, weight: pass[weight], epsilon: epsilon)
  }
}
