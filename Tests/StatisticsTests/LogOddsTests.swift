import Foundation
import Statistics
import Testing

/// The golden values are from this program (numpy 2.4.6, scipy 1.17.1):
///
///     def mean(x, m, level):
///         x = np.array(x); n = len(x)
///         p = (n * m * x.mean() + .5) / (n * m + 1)
///         v = x.var(ddof=1) + p * (1 - p) / m
///         h = stats.t.ppf((1 + level) / 2, n - 1) * np.sqrt(v / n) / (p * (1 - p))
///         return (min(x.mean(), expit(logit(p) - h)), max(x.mean(), expit(logit(p) + h)), v)
///     def difference(x, y, m, level):
///         x, y = np.array(x), np.array(y); n = len(x); a, b = x.mean(), y.mean()
///         la, ua, va = mean(x, m, level); lb, ub, vb = mean(y, m, level)
///         r = np.cov(x, y)[0, 1] / np.sqrt(va * vb)
///         f = lambda u, w: np.sqrt(max(0, u * u + w * w - 2 * r * u * w))
///         t = stats.t.ppf((1 + level) / 2, n - 1) * (x - y).std(ddof=1) / np.sqrt(n)
///         return a - b - max(f(a - la, ub - b), t), a - b + max(f(ua - a, b - lb), t)
///
/// and p-values from `scipy.optimize.brentq` on the tail at which a limit meets the bound.
@Suite struct LogOddsTests {
  private static let a = [0.91, 0.97, 0.88, 0.99, 0.95, 0.70, 0.83, 0.99]
  private static let b = [0.80, 0.99, 0.71, 0.90, 0.95, 0.52, 0.84, 0.91]
  private static let ones = [Double](repeating: 1, count: 8)

  private func pair(_ first: [Double], _ second: [Double], _ prompts: Int = 128) -> PairedRates {
    PairedRates(first, second, firstPrompts: prompts, secondPrompts: prompts)
  }

  private func expect(_ interval: Interval?, _ lower: Double, _ upper: Double) throws {
    let interval = try #require(interval)
    #expect(agrees(interval.lower, lower, within: 1e-10), "\(interval)")
    #expect(agrees(interval.upper, upper, within: 1e-10), "\(interval)")
  }

  @Test func ratesAgainstScipy() throws {
    let estimate = try rateEstimate(Self.a, prompts: 128)
    try expect(estimate.interval, 0.7771178331528471, 0.9605614657390771)
    #expect(agrees(estimate.mean, 0.9025, within: 1e-12) && estimate.seeds == 8)
    #expect(estimate.interval?.kind == .logOddsT && estimate.interval?.level == 0.95)
    try expect(rateEstimate(Self.ones, prompts: 11).interval, 0.8585905466524878, 1)
    try expect(
      rateEstimate(Self.ones.map { 1 - $0 }, prompts: 128).interval, 0, 0.013672867533687448)
    #expect(try rateEstimate([0.5], prompts: 128).interval == nil)
  }

  @Test func differencesAgainstScipy() throws {
    let difference = try rateDifference(pair(Self.a, Self.b))
    try expect(difference.interval, 0.00608513436478024, 0.2001591554535797)
    #expect(agrees(difference.mean, 0.075, within: 1e-12))
    #expect(agrees(try #require(difference.tPValue), 2 * 0.020457021963488423, within: 1e-7))
    try expect(
      rateDifference(pair(Self.ones, Self.ones), level: 0.9).interval, -0.0070769764346263475,
      0.0070769764346263475)
    // One prompt of one seed moves an interval by less than its width.
    try expect(
      rateDifference(pair(Self.ones.dropLast() + [127.0 / 128], Self.ones), level: 0.9).interval,
      -0.010718139651283987, 0.006143088548253583)
    #expect(try rateDifference(pair([0.5], [0.2])).interval == nil)
    // The mirror image.
    let mirrored = try #require(try rateDifference(pair(Self.b, Self.a)).interval)
    try expect(rateDifference(pair(Self.a, Self.b)).interval, -mirrored.upper, -mirrored.lower)
  }

  private func judged(_ statement: Claim.Statement, _ evidence: Claim.Evidence) throws
    -> JudgedClaim
  {
    try judge([Claim("", .secondary, statement, evidence)])[0]
  }

  /// Eight seeds at 100% support "above 80%" with 11 models each and not with one model each.
  @Test func seedsThatAgreeAreAsCertainAsTheirPrompts() throws {
    let many = try judged(.above(0.8), .rates(Self.ones, prompts: 11))
    #expect(many.verdict == .supports)
    #expect(agrees(try #require(many.pValue), 2 * 0.016298722340070324, within: 1e-9))
    #expect(try judged(.above(0.8), .rates(Self.ones, prompts: 1)).verdict == .inconclusive)
    #expect(
      try judged(.below(0.1), .rates(Self.ones.map { 1 - $0 }, prompts: 24)).verdict == .supports)
    let none = try judged(.within(0.05), .ratePairs(pair(Self.ones, Self.ones)))
    #expect(agrees(try #require(none.pValue), 0.006494742951023234, within: 1e-7))
    // A prompt of a seed must not turn the p-value.
    let almost = try judged(
      .within(0.05), .ratePairs(pair(Self.ones.dropLast() + [127.0 / 128], Self.ones)))
    let ratio = try #require(almost.pValue) / #require(none.pValue)
    #expect((0.5...4).contains(ratio), "\(ratio)")
  }

  /// More prompts never widen an interval, and the limit is the interval without prompts' variance.
  @Test func promptsNarrow() throws {
    var width = Double.infinity
    for prompts in [8, 16, 64, 256, 4096] {
      let interval = try #require(try rateEstimate(Self.a, prompts: prompts).interval)
      #expect(interval.upper - interval.lower < width)
      width = interval.upper - interval.lower
    }
  }

  /// Whatever the data, the verdict is where the interval lies.
  @Test func verdictsAgreeWithIntervals() throws {
    var generator = TestGenerator(seed: 11)
    var seen: Set<Verdict> = []
    for _ in 0..<300 {
      func rates(_ shift: Double) -> [Double] {
        (0..<8).map { _ in
          (128 / (1 + exp(-(shift + generator.normal())))).rounded() / 128
        }
      }
      let centre = 3 * generator.normal()
      let pair = pair(rates(centre), rates(centre + generator.normal()))
      for statement in [Claim.Statement.above(0), .below(0.05), .within(0.1), .estimate] {
        let judged = try judged(statement, .ratePairs(pair))
        let interval = try #require(judged.interval)
        let expected: Verdict =
          switch statement {
          case .above(let bound):
            interval.lower > bound
              ? .supports : interval.upper < bound ? .contradicts : .inconclusive
          case .below(let bound):
            interval.upper < bound
              ? .supports : interval.lower > bound ? .contradicts : .inconclusive
          case .within(let margin):
            interval.lower > -margin && interval.upper < margin
              ? .supports
              : interval.lower > margin || interval.upper < -margin ? .contradicts : .inconclusive
          case .estimate: .estimated
          }
        #expect(judged.verdict == expected, "\(statement) \(pair) \(interval)")
        seen.insert(judged.verdict)
      }
    }
    #expect(seen.count == 4)
  }

  @Test func wrongInputIsRefused() {
    func text(_ body: () throws -> Void) -> String {
      do {
        try body()
        return ""
      } catch {
        return "\(error)"
      }
    }
    #expect(
      text { _ = try rateEstimate([0.5, 0.5], prompts: 0) }
        == "prompts: the value is 0.0, outside 1.0 to inf")
    #expect(
      text { _ = try rateDifference(pair([0.5], [0.5, 1])) }
        == "the first arm has 1 values and the second arm has 2; they are matched one to one")
    #expect(
      text { _ = try rateDifference(pair([0.5, 2], [0.5, 1])) }
        == "rates over seeds: value 1 is 2.0, outside 0.0 to 1.0")
  }
}

/// A line through groups.
@Suite struct SlopeOverGroupsTests {
  /// Groups of exact responses: the least-squares line through the means of their logarithms. With
  /// log means 0, 1, 0.5 and 2 at x = 0, 1, 2, 3: `scipy.stats.linregress` gives slope 0.55, standard error
  /// 0.25981.
  @Test func againstScipy() throws {
    let means = [0.0, 1, 0.5, 2]
    let groups = means.enumerated().map { index, mean in
      (
        x: Double(index),
        responses: [mean - 0.3, mean + 0.3].map { CensoredResponse.exact(exp($0)) }
      )
    }
    let line = try slopeOverGroups(groups).get()
    #expect(agrees(line.slope, 0.55, within: 1e-9))
    #expect(agrees(line.standardError, 0.2598076211353316, within: 1e-9))
    #expect(line.degreesOfFreedom == 2)
    #expect(line.interval().kind == .studentTOverSizes)
  }

  /// One arm all left-censored and the other all right-censored: separated, and not "no maximum".
  @Test func separationIsReported() {
    let left = [CensoredResponse](repeating: .leftCensored(before: 30), count: 8)
    let right = [CensoredResponse](repeating: .rightCensored(after: 600), count: 8)
    let rows = left.map { _ in [1.0, 0] } + right.map { _ in [1.0, 1] }
    guard case .failure(.separated) = censoredRegression(left + right, design: rows) else {
      Issue.record("\(censoredRegression(left + right, design: rows))")
      return
    }
    let between =
      [CensoredResponse](repeating: .interval(lower: 30, upper: 100), count: 4)
      + [.interval(lower: 300, upper: 600)]
    #expect(
      slopeOverGroups([(0, between), (1, between), (2, right)])
        == .failure(.separated(groups: [2])))
  }
}
