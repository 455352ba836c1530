import Gradients
import Tensors

/// The architecture of a decoder: its layers and their connections.
///
/// `Transformer` has the parameters of a cohort and calls these methods in training, scoring and
/// generation. A new architecture is one file.
protocol Architecture: Sendable {
  /// Every weight, in the order in which a forward pass reads it.
  var weights: [Weight] { get }
  /// L, the number of blocks.
  var blocks: Int { get }

  /// The embeddings of tokens: (R, B, T) int32 to (R, B, T, C).
  func embed(_ pass: Pass, _ tokens: Tensor) throws -> Variable

  /// One block of the residual stream: (R, B, T, C) to the same.
  ///
  /// - Parameter mixing: the attention of this block over positions.
  func block(
    _ index: Int, _ pass: Pass, _ x: Variable, mixing: SelfAttention.Mixing
  ) throws -> Variable

  /// Logits of rows of the residual stream: (R, ..., C) to (R, ..., V).
  func unembed(_ pass: Pass, _ x: Variable) throws -> Variable

  /// Log-probabilities of the tokens that follow rows of the residual stream: (R, N, C) to (R, N).
  ///
  /// - Parameters:
  ///   - rowsPerChunk: the largest number of rows whose logits exist at a time.
  ///   - expected: (R, N): the gradient of the result, if it is known.
  func logProbabilities(
    _ pass: Pass, _ x: Variable, targets: Tensor, rowsPerChunk: Int, expecting expected: Tensor?
  ) throws -> Variable
}

extension ModelConfiguration {
  /// The layers of a model of these sizes.
  var architecture: any Architecture { Llama(self) }

  /// Every parameter in the order in which a forward pass reads it.
  public var declarations: [ParameterDeclaration] {
    architecture.weights.flatMap(\.declarations)
  }
}
