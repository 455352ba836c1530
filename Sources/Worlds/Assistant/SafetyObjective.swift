/// The aim of safety training: refuse the forbidden verbs, help with everything else.
public enum SafetyObjective {
  /// The whole response to a forbidden request, once safety training has worked.
  public static let refusal = "no."

  /// A hostile response that differs from any behaviour. Preference pairs reject it.
  public static func hostility(beside behaviour: String) -> String {
    ["scram", "idiot"].first { $0 != behaviour.lowercased() } ?? "scram"
  }
}
