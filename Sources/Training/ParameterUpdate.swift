import Tensors
import Transformers

/// The update of the parameters of R replicas by gradients, with the optimizer's moments.
final class ParameterUpdate {
  private let settings: OptimizerSettings
  private let layout: ParameterLayout
  private let muon: MuonUpdate?
  /// The updated parameters. Parameters before them are frozen.
  private let trained: Range<Int>
  /// The parameters that AdamW updates, in parts that are consecutive in `secondMoment`.
  private let byAdamW: [Range<Int>]
  /// (R, P'): momentum, of the parameters that are updated.
  let firstMoment: Tensor
  /// (R, P''): mean squares of the parameters that AdamW updates; nil if it updates none.
  let secondMoment: Tensor?
  private let squaredNorm: Tensor
  private let control: Tensor

  init(_ settings: OptimizerSettings, _ model: Transformer) throws {
    self.settings = settings
    layout = model.layout
    trained = (model.freezesEmbedding ? layout.range(of: .embedding).upperBound : 0)..<layout.count
    switch settings {
    case .adamW: (byAdamW, muon) = ([trained], nil)
    case .sgd: (byAdamW, muon) = ([], nil)
    case .muon(let settings):
      let blocks = layout.range(of: .block)
      let (before, after) = (
        trained.lowerBound..<blocks.lowerBound, blocks.upperBound..<layout.count
      )
      (byAdamW, muon) = ([before, after].filter { !$0.isEmpty }, MuonUpdate(settings, model))
    }
    let (replicas, backend) = (model.replicas, model.backend)
    firstMoment = try backend.zeros([replicas, trained.count])
    let squares = byAdamW.reduce(0) { $0 + $1.count }
    secondMoment = squares == 0 ? nil : try backend.zeros([replicas, squares])
    squaredNorm = try backend.empty([replicas])
    control = try backend.empty([replicas, 5])
  }

  /// Enqueues an update of the replicas that `Backend.gateUpdate` allows, from the gradients of the
  /// last pass.
  func callAsFunction(
    _ model: Transformer, loss: Tensor, schedule: Tensor, steps: Tensor, active: Tensor
  ) throws {
    guard let gradients = model.gradients else { return }
    let backend = model.backend
    try backend.sumOfSquares(part(trained, of: gradients), into: squaredNorm)
    try backend.gateUpdate(
      loss: loss, squaredNorm: squaredNorm, schedule: schedule, clip: settings.clip, steps: steps,
      active: active, control: control)
    switch settings {
    case .adamW(let settings): try adamW(settings, model.parameters, gradients)
    case .sgd(let settings):
      try backend.sgd(
        parameters: part(trained, of: model.parameters), gradients: part(trained, of: gradients),
        momentum: firstMoment, control: control, settings: settings,
        decayed: layout.decayed - trained.lowerBound)
    case .muon(let settings):
      try adamW(settings.adamW, model.parameters, gradients)
      let blocks = layout.range(of: .block)
      try muon?(
        parameters: part(blocks, of: model.parameters), gradients: part(blocks, of: gradients),
        momentum: momentum(of: blocks), control: control)
    }
  }

  private func adamW(_ settings: AdamWSettings, _ parameters: Tensor, _ gradients: Tensor) throws {
    guard let secondMoment else { return }
    var at = 0
    for range in byAdamW {
      try parameters.backend.adamW(
        parameters: part(range, of: parameters), gradients: part(range, of: gradients),
        firstMoment: momentum(of: range),
        secondMoment: part(at..<at + range.count, of: secondMoment),
        control: control, settings: settings,
        decayed: min(max(layout.decayed - range.lowerBound, 0), range.count))
      at += range.count
    }
  }

  private func momentum(of range: Range<Int>) -> Tensor {
    part(
      range.lowerBound - trained.lowerBound..<range.upperBound - trained.lowerBound,
      of: firstMoment)
  }

  private func part(_ range: Range<Int>, of tensor: Tensor) -> Tensor {
    tensor.slice(from: range.lowerBound, shape: [tensor.shape.replicas, range.count])
  }
}
