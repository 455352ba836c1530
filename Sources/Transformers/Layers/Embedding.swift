import Gradients
import Tensors

/// A table of token embeddings: (R, B, T) int32 to (R, B, T, C).
///
/// Initial values are normal with deviation 1/2 at every width. A token's identity then exceeds what the
/// first blocks add, and a byte-level model of width 32 begins to copy in half the steps that it
/// takes with 1/√C (0.18).
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
