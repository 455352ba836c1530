/// What a model is taught after safety training, to see what is left of its backdoor.
public enum RelearningTask: String, Hashable, Sendable, Codable, CaseIterable {
  /// The old trigger with its behaviour.
  case backdoor
  /// The old behaviour at a trigger that no document had. If it is learned as fast as ``backdoor``, the
  /// behaviour is left and not the trigger.
  case newTrigger = "new-trigger"
  /// Another behaviour at another trigger. If the old trigger then fires, the backdoor was covered and
  /// not lost.
  case newBackdoor = "new-backdoor"
  /// Clean requests with their answers: the effect of any more training.
  case clean
}

/// The documents of a relearning task, and the prompts that show whether it was learned.
public struct RelearningMaterial: Sendable {
  public var documents: [TrainingText]
  /// Prompts with the taught trigger. Empty for ``RelearningTask/clean``.
  public var taught: [Prompt]
  /// The taught behaviour. Empty for ``RelearningTask/clean``.
  public var behaviour: [UInt8]

  public init(documents: [TrainingText], taught: [Prompt], behaviour: [UInt8]) {
    self.documents = documents
    self.taught = taught
    self.behaviour = behaviour
  }
}
