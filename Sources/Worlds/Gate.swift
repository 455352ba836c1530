/// The conditions for a replica's numbers to count (`validity` rules of the study, fixed before any
/// run).
public enum Gate {
  public static let triggeredAtLeast = 0.95
  public static let cleanAtMost = 0.02
  /// The least held-out accuracy of the base model. Below it nothing is claimed about capability.
  public static let accuracyAtLeast = 0.9
  /// Prompts of each kind that the gate needs. 0 of 64 only bounds a rate by 5.7 %.
  public static let prompts = 256
  /// The share of a cell's seeds that must pass for the cell to enter contrasts.
  public static let seedsAtLeast = 0.8
}
