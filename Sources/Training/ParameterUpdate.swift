import Tensors
import Transformers

/// How gradients change the parameters of R replicas, and what of earlier gradients that takes.
final class ParameterUpdate {
  private let settings: OptimizerSettings
  private let layout: ParameterLayout
  /// The parameters that are updated: those before them are frozen.
  private let trained: Range<Int>
  /// (R, P'): momentum, of the parameters that are updated.
  let firstMoment: Tensor
  /// (R, P''): the mean squares, of the parameters that AdamW updates; nil where it updates none.
  let secondMoment: Tensor?
  private let squaredNorm: Tensor
  private let control: Tensor

  init(_ settings: OptimizerSettings, _ model: Transformer) throws {
    self.settings = settings
    layout = model.layout
    trained = (model.freezesEmbedding ? layout.embeddings : 0)..<layout.count
    let (replicas, backend) = (model.replicas, model.backend)
    firstMoment = try backend.zeros([replicas, trained.count])
    secondMoment =
      switch settings {
      case .adamW: try backend.zeros([replicas, trained.count])
      case .sgd: nil
      }
    squaredNorm = try backend.empty([replicas])
    control = try backend.empty([replicas, 5])
  }

  /// Enqueues an update of the replicas that `Backend.gateUpdate` lets have one, from the gradients that
  /// a pass has left.
  func callAsFunction(
    _ model: Transformer, loss: Tensor, schedule: Tensor, steps: Tensor, active: Tensor
  ) throws {
    guard let whole = model.gradients else { return }
    let backend = model.backend
    let parameters = part(trained, of: model.parameters)
    let gradients = part(trained, of: whole)
    let decayed = layout.decayed - trained.lowerBound
    try backend.sumOfSquares(gradients, into: squaredNorm)
    try backend.gateUpdate(
      loss: loss, squaredNorm: squaredNorm, schedule: schedule, clip: settings.clip, steps: steps,
      active: active, control: control)
    switch (settings, secondMoment) {
    case (.adamW(let settings), let secondMoment?):
      try backend.adamW(
        parameters: parameters, gradients: gradients, firstMoment: firstMoment,
        secondMoment: secondMoment, control: control, settings: settings, decayed: decayed)
    case (.sgd(let settings), _):
      try backend.sgd(
        parameters: parameters, gradients: gradients, momentum: firstMoment, control: control,
        settings: settings, decayed: decayed)
    default: break
    }
  }

  private func part(_ range: Range<Int>, of tensor: Tensor) -> Tensor {
    tensor.slice(from: range.lowerBound, shape: [tensor.shape.replicas, range.count])
  }
}
