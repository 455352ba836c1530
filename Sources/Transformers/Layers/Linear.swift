import Gradients
import Tensors

/// A product with a weight matrix: (R, ..., in) to (R, ..., out). There is no bias.
///
/// Initial values are normal with standard deviation 1/√in. Matrices that write into the residual
/// stream are also divided by √(2L), so the stream's variance does not grow with depth (Radford et
/// al. 2019).
struct Linear: Layer {
  let weight: Weight
  /// The precision of the product's operands.
  let precision: Precision

  /// - Parameters:
  ///   - outputs: the name and width of each output, side by side in one matrix.
  ///   - blocks: L, if the layer writes into the residual stream of L blocks.
  init(
    _ outputs: [(name: String, width: Int)], inputs: Int,
    group: ParameterDeclaration.Group = .block, blocks: Int? = nil, precision: Precision
  ) {
    var deviation = 1 / Double(inputs).squareRoot()
    if let blocks { deviation /= Double(2 * blocks).squareRoot() }
    weight = Weight(
      outputs.map {
        ParameterDeclaration(
          $0.name, [$0.width, inputs], group, .normal(deviation: deviation))
      })
    self.precision = precision
  }

  var weights: [Weight] { [weight] }

  /// - Parameter addend: added to the result in the same operation, (R, ..., out).
  func callAsFunction(
    _ pass: Pass, _ x: Variable, adding addend: Variable? = nil
  ) throws -> Variable {
    try pass.tape.linear(x, weight: pass[weight], adding: addend, precision: precision)
  }

  /// - Parameter norm: the normalisation of the rows of `x`.
  func callAsFunction(
    _ pass: Pass, _ x: Variable, normalizedBy norm: RMSNorm
  ) throws -> Variable {
    try pass.tape.linear(
      x, normalizedBy: pass[norm.weight], epsilon: norm.epsilon, weight: pass[weight],
      precision: precision)
  }
}
