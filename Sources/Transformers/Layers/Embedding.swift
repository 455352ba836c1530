import Gradients
import Tensors

/// A table of token embeddings: (R, B, T) int32 to (R, B, T, C).
///
/// Initial values are normal with standard deviation 1/2 at every width. Then a token's embedding
/// is larger than the sums that the first blocks add, and a byte-level model of width 32 learns to
/// copy in half the steps that it needs with 1/√C (0.18).
struct Embedding: Layer {
  let weight: Weight

  init(_ name: String, vocabularySize: Int, channels: Int) {
    weight = Weight([
      ParameterDeclaration(
        name, [vocabularySize, channels], .embedding, .normal(deviation: 0.5))
    ])
  }

  var weights: [Weight] { [weight] }

  func callAsFunction(_ pass: Pass, _ tokens: Tensor) throws -> Variable {
    try pass.tape.embedding(tokens, table: pass[weight])
  }
}
