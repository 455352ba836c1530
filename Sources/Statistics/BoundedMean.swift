/// A confidence interval for the mean of a quantity in `range`, for any distribution.
///
/// The lower end of the range, lo, is added to the n values, and the n + 1 numbers get random
/// weights from a Dirichlet distribution with all parameters 1. The lower end of the interval is
/// the quantile (1 - level) / 2 of the weighted sum S. The upper end is the mirror image with hi.
/// Gaffke, Math. Methods Statist. 14, 2005; Learned-Miller and Thomas, arXiv:1905.06208, who find
/// coverage of at least `level` and conjecture it for every distribution on the range.
///
/// For values that all agree it is ``exactSeedBound(seeds:level:)`` at half the error for each end:
/// with all n at hi, S = hi - w (hi - lo) and P(w > x) = (1 - x)^n. It allows for unobserved seeds
/// with other values; Student t assumes that the spread of all seeds is that of the observed seeds.
/// With n seeds at 1 the lower bound of a rate is ((1 - level) / 2)^(1/n), which is 0.63 for eight
/// seeds at 95%.
///
/// - Throws: `StatisticsError` for no values, values that are not finite or outside `range`, or a
///   level outside (0, 1).
public func boundedMeanInterval(
  _ values: [Double], range: ClosedRange<Double> = 0...1, level: Double = 0.95
) throws(StatisticsError) -> Interval {
  try check(values, "values over seeds", within: range)
  try checkProbability(level, "confidence level")
  let mean = BoundedMean(values, range: range)
  return mean.interval(tail: (1 - level) / 2, level: level)
}

/// One-sided tests of the mean of a bounded quantity, with the interval that inverts them.
struct BoundedMean {
  /// The values and the range's lower end, ascending.
  private let low: [Double]
  /// The same for the mirrored values, with all signs changed.
  private let mirrored: [Double]

  init(_ values: [Double], range: ClosedRange<Double>) {
    low = ([range.lowerBound] + values).sorted()
    mirrored = ([-range.upperBound] + values.map(-)).sorted()
  }

  /// The p-value of "the mean is at most `bound`".
  func pAtMost(_ bound: Double) -> Double { Self.lowerTail(low, at: bound) }

  /// The p-value of "the mean is at least `bound`".
  func pAtLeast(_ bound: Double) -> Double { Self.lowerTail(mirrored, at: -bound) }

  /// The interval whose two ends each have error `tail`.
  func interval(tail: Double, level: Double) -> Interval {
    Interval(
      lower: Self.quantile(low, tail), upper: -Self.quantile(mirrored, tail), level: level,
      kind: .boundedMean)
  }

  /// P(S <= q), S the sum of `knots` (ascending) under Dirichlet weights of all ones.
  ///
  /// By Hermite and Genocchi, P(S > q) is the divided difference of max(x - q, 0)^n over the n + 1
  /// knots. Leibniz' rule on (x - q) max(x - q, 0)^(k-1) gives, for P over the knots i ... i + k,
  /// P(i, k) = ((t[i+k] - q) P(i + 1, k - 1) + (q - t[i]) P(i, k - 1)) / (t[i+k] - t[i]): between
  /// the knots this is a weighted mean of two probabilities, so there is no cancellation.
  static func lowerTail(_ knots: [Double], at q: Double) -> Double {
    var tails = knots.map { $0 <= q ? 1.0 : 0 }
    for order in 1..<knots.count {
      for first in 0..<(knots.count - order) {
        let start = knots[first]
        let end = knots[first + order]
        if q >= end {
          tails[first] = 1
        } else if q < start {
          tails[first] = 0
        } else {
          tails[first] =
            ((end - q) * tails[first + 1] + (q - start) * tails[first]) / (end - start)
        }
      }
    }
    return tails[0]
  }

  /// The q with P(S <= q) = p, from below.
  private static func quantile(_ knots: [Double], _ p: Double) -> Double {
    var below = knots[0]
    var above = knots[knots.count - 1]
    for _ in 0..<80 {
      let middle = below + (above - below) / 2
      if lowerTail(knots, at: middle) <= p { below = middle } else { above = middle }
    }
    return below
  }
}
