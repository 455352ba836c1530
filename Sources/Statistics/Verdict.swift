/// A claim with its estimate, intervals, p-values and verdict.
public struct JudgedClaim: Codable, Hashable, Sendable {
  public let claim: Claim
  /// Nil if the claim is not testable. The same is true for the next four properties.
  public let estimate: Double?
  /// The interval that decides the verdict by its position.
  ///
  /// Its level is 1 - a (1 - 2a for a margin). a is the level at which Holm's procedure tested the
  /// claim: alpha divided by the number of primary claims that were not rejected before. These
  /// intervals agree with the verdicts but do not cover jointly.
  public let interval: Interval?
  /// The Bonferroni interval, of level 1 - alpha / m (1 - 2 alpha / m for a margin) for m primary
  /// claims: all m cover jointly with probability at least 1 - alpha (with margins, 1 - 2 alpha).
  /// Intervals matched to Holm's steps that cover jointly are one-sided and often uninformative
  /// (Strassburger and Bretz, Statist. Med. 27, 2008). The same as `interval` for a secondary
  /// claim.
  public let jointInterval: Interval?
  /// The p-value of the direction of the estimate: two-sided against the bound, or of the two
  /// one-sided tests of a margin.
  public let pValue: Double?
  /// The p-value corrected by Holm's procedure for a primary claim; `pValue` for a secondary claim.
  public let correctedPValue: Double?
  public let verdict: Verdict
}

/// Gives every claim its verdict.
///
/// There is one rule. A claim is supported if the whole interval of the mean is on the claimed side
/// of the bound (or within the margin), contradicted if the whole interval is on the other side,
/// and otherwise inconclusive. A margin is tested by two one-sided tests (Schuirmann 1987), so its
/// interval has level 1 - 2a. This is enough, because only one of "within" and "beyond" can be a
/// false conclusion. Rates and their differences are tested on the log-odds scale with the variance
/// of their prompts (``rateEstimate(_:prompts:level:)``, ``rateDifference(_:level:)``). Margins of
/// other quantities are tested by Student t corrected for skewness.
///
/// Primary claims share alpha by Holm's procedure (``holmAdjusted(_:)``), which bounds the
/// probability of any false rejection of a bound, for any dependence. It also bounds the
/// probability of a wrong direction if the claims' statistics are independent (Shaffer, Ann.
/// Statist. 8, 1980). A primary claim that is not testable stays in the family with p = 1, because
/// a family is declared before the run and not chosen after it.
///
/// Rates without spread are as certain as their prompts allow. Other values that are all equal to d are judged
/// by the bounds of their range (``boundedMeanInterval(_:range:level:)``): n seeds agree by chance
/// with probability (1 - s)^n if a share s would differ. Without a range they are not testable.
///
/// - Returns: one judged claim per claim, in the given order.
/// - Throws: `StatisticsError` for values that are not finite or out of range, a margin or standard
///   error that is not above 0, or an alpha outside (0, 0.5).
public func judge(
  _ claims: [Claim], alpha: Double = 0.05
) throws(StatisticsError) -> [JudgedClaim] {
  guard alpha > 0, alpha < 0.5 else {
    throw .outOfRange(quantity: "alpha", index: nil, value: alpha, lower: 0, upper: 0.5)
  }
  let tests = try claims.map { claim throws(StatisticsError) in try ClaimTest.make(claim) }
  let pValues = tests.map { test in (try? test.get())?.pValue ?? 1 }

  var corrected = pValues
  // The number of claims that share alpha when each claim is tested.
  var sharing = claims.map { _ in 1 }
  let primary = claims.indices.filter { claims[$0].family == .primary }
  let adjusted = try holmAdjusted(primary.map { pValues[$0] })
  for (index, value) in zip(primary, adjusted) { corrected[index] = value }
  // From the first claim that is not rejected on, all claims have the level at which Holm's
  // procedure stopped.
  var rejected = 0
  for index in primary.sorted(by: { (pValues[$0], $0) < (pValues[$1], $1) }) {
    sharing[index] = primary.count - rejected
    if corrected[index] <= alpha { rejected += 1 }
  }

  return claims.indices.map { index in
    switch tests[index] {
    case .failure(let reason):
      return JudgedClaim(
        claim: claims[index], estimate: nil, interval: nil, jointInterval: nil, pValue: nil,
        correctedPValue: nil, verdict: .notTestable(reason))
    case .success(let test):
      let family = claims[index].family == .primary ? primary.count : 1
      return JudgedClaim(
        claim: claims[index], estimate: test.estimate,
        interval: test.interval(alpha / Double(sharing[index])),
        jointInterval: test.interval(alpha / Double(family)), pValue: pValues[index],
        correctedPValue: corrected[index],
        verdict: claims[index].statement == .estimate
          ? .estimated
          : corrected[index] > alpha
            ? .inconclusive : test.supports < test.contradicts ? .supports : .contradicts)
    }
  }
}

/// The two one-sided tests of a claim, and the interval that inverts them.
private struct ClaimTest {
  private enum Mean {
    case studentT(
      StudentT, estimate: Double, standardError: Double, range: ClosedRange<Double>?,
      kind: Interval.Kind)
    case rate(LogOddsMean)
    case rateDifference(LogOddsDifference)
    case bounded(BoundedMean)
    case skewed(SkewnessCorrectedMean, range: ClosedRange<Double>?)
  }

  let estimate: Double
  /// The p-value that the claim is false, and that it is true.
  let supports: Double
  let contradicts: Double
  private let mean: Mean
  private let isMargin: Bool

  var pValue: Double {
    let smaller = min(supports, contradicts)
    return isMargin ? smaller : min(1, 2 * smaller)
  }

  /// The interval of a test at `alpha`.
  func interval(_ alpha: Double) -> Interval {
    let tail = isMargin ? alpha : alpha / 2
    let level = 1 - 2 * tail
    switch mean {
    case .rate(let mean): return mean.interval(tail: tail, level: level)
    case .rateDifference(let mean): return mean.interval(tail: tail, level: level)
    case .bounded(let mean): return mean.interval(tail: tail, level: level)
    case .skewed(let mean, let range):
      return mean.interval(tail: tail, level: level, range: range)
    case .studentT(let distribution, let estimate, let standardError, let range, let kind):
      let halfWidth = -distribution.quantile(tail) * standardError
      return Interval(
        lower: estimate - halfWidth, upper: estimate + halfWidth, level: level, kind: kind
      ).clipped(to: range)
    }
  }

  static func make(_ claim: Claim) throws(StatisticsError) -> Result<ClaimTest, Untestable> {
    if case .within(let margin) = claim.statement, !(margin > 0 && margin.isFinite) {
      throw .outOfRange(quantity: "margin", index: nil, value: margin, lower: 0, upper: .infinity)
    }
    switch claim.evidence {
    case .missing(let reason): return .failure(.missing(reason))
    case .coefficient(let value, let standardError, let freedom, let seeds, let kind):
      guard seeds >= Verdict.leastSeeds else { return .failure(.tooFewSeeds(seeds)) }
      for (number, quantity) in [
        (standardError, "standard error"), (freedom, "degrees of freedom"),
      ] where !(number > 0 && number.isFinite) {
        throw .outOfRange(
          quantity: quantity, index: nil, value: number, lower: 0, upper: .infinity)
      }
      try check([value], "coefficient")
      return .success(
        ClaimTest(
          claim.statement, value,
          .studentT(
            StudentT(degreesOfFreedom: freedom), estimate: value, standardError: standardError,
            range: nil, kind: kind)))
    case .rates(let values, let prompts):
      let mean = try LogOddsMean(values, prompts: prompts)
      guard values.count >= Verdict.leastSeeds else {
        return .failure(.tooFewSeeds(values.count))
      }
      return .success(ClaimTest(claim.statement, mean.mean, .rate(mean)))
    case .ratePairs(let rates):
      let mean = try LogOddsDifference(rates)
      guard rates.first.count >= Verdict.leastSeeds else {
        return .failure(.tooFewSeeds(rates.first.count))
      }
      return .success(ClaimTest(claim.statement, mean.mean, .rateDifference(mean)))
    case .differences(let values, let range):
      try check(values, "differences", atLeast: 0, within: range)
      guard values.count >= Verdict.leastSeeds else {
        return .failure(.tooFewSeeds(values.count))
      }
      let moments = Moments(values)
      let n = Double(values.count)
      if case .within = claim.statement, let mean = SkewnessCorrectedMean(values) {
        return .success(
          ClaimTest(claim.statement, moments.mean, .skewed(mean, range: range)))
      }
      if let deviation = moments.standardDeviation, deviation > 0 {
        return .success(
          ClaimTest(
            claim.statement, moments.mean,
            .studentT(
              StudentT(degreesOfFreedom: n - 1), estimate: moments.mean,
              standardError: deviation / n.squareRoot(), range: range,
              kind: .studentTOverPairedSeeds)))
      }
      guard let range else {
        return .failure(.noSpread(seeds: values.count, value: moments.mean))
      }
      return .success(
        ClaimTest(claim.statement, moments.mean, .bounded(BoundedMean(values, range: range))))
    }
  }

  private init(_ statement: Claim.Statement, _ estimate: Double, _ mean: Mean) {
    func pAtMost(_ bound: Double) -> Double {
      switch mean {
      case .rate(let mean): mean.pAtMost(bound)
      case .rateDifference(let mean): mean.pAtMost(bound)
      case .bounded(let mean): mean.pAtMost(bound)
      case .skewed(let mean, _): mean.pAtMost(bound)
      case .studentT(let distribution, let estimate, let standardError, _, _):
        distribution.upperTail((estimate - bound) / standardError)
      }
    }
    func pAtLeast(_ bound: Double) -> Double {
      switch mean {
      case .rate(let mean): mean.pAtLeast(bound)
      case .rateDifference(let mean): mean.pAtLeast(bound)
      case .bounded(let mean): mean.pAtLeast(bound)
      case .skewed(let mean, _): mean.pAtLeast(bound)
      case .studentT(let distribution, let estimate, let standardError, _, _):
        distribution.upperTail((bound - estimate) / standardError)
      }
    }
    self.estimate = estimate
    self.mean = mean
    switch statement {
    case .estimate:
      (supports, contradicts) = (pAtMost(0), pAtLeast(0))
      isMargin = false
    case .above(let bound):
      (supports, contradicts) = (pAtMost(bound), pAtLeast(bound))
      isMargin = false
    case .below(let bound):
      (supports, contradicts) = (pAtLeast(bound), pAtMost(bound))
      isMargin = false
    case .within(let margin):
      // Within: above -margin and below it. Beyond: one of the other two.
      supports = max(pAtMost(-margin), pAtLeast(margin))
      contradicts = min(pAtMost(margin), pAtLeast(-margin))
      isMargin = true
    }
  }
}
