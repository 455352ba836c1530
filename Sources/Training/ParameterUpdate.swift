import Tensors
import Transformers

/// How gradients change the parameters of R replicas, and what of earlier gradients that takes.
final class ParameterUpdate {
  private let settings: AdamWSettings
  private let layout: ParameterLayout
  /// The first parameter that is updated: those before it are frozen.
  private let start: Int
  /// (R, P'): of the parameters that are updated.
  let firstMoment: Tensor
  let secondMoment: Tensor
  private let squaredNorm: Tensor
  private let control: Tensor

  init(_ settings: AdamWSettings, _ model: Transformer) throws {
    self.settings = settings
    layout = model.layout
    start = model.freezesEmbedding ? layout.embeddings : 0
    let shape: Shape = [model.replicas, layout.count - start]
    firstMoment = try model.backend.zeros(shape)
    secondMoment = try model.backend.zeros(shape)
    squaredNorm = try model.backend.empty([model.replicas])
    control = try model.backend.empty([model.replicas, 4])
  }

  /// Enqueues an update of the replicas that `Backend.gateUpdate` lets have one, from the gradients that
  /// a pass has left.
  func callAsFunction(
    _ model: Transformer, loss: Tensor, schedule: Tensor, steps: Tensor, active: Tensor
  ) throws {
    guard let whole = model.gradients else { return }
    let gradients = whole.slice(from: start, shape: firstMoment.shape)
    let backend = model.backend
    try backend.sumOfSquares(gradients, into: squaredNorm)
    try backend.gateUpdate(
      loss: loss, squaredNorm: squaredNorm, schedule: schedule, clip: settings.clip, steps: steps,
      active: active, control: control)
    try backend.adamW(
      parameters: model.parameters.slice(from: start, shape: firstMoment.shape),
      gradients: gradients, firstMoment: firstMoment, secondMoment: secondMoment,
      control: control, settings: settings, decayed: layout.decayed - start)
  }
}
