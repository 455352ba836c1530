/// The direction of a fitted sequence.
public enum MonotoneOrder: String, Codable, Hashable, Sendable, CaseIterable {
  case nonIncreasing, nonDecreasing
}

/// The weighted least-squares fit to `values` among all sequences of one direction.
///
/// Pool adjacent violators (Ayer et al., Ann. Math. Statist. 26, 1955): neighbours in the wrong order
/// are replaced by their weighted mean until none are left; the result is the unique minimiser.
///
/// - Parameter weights: above 0; nil for equal weights. For a rate over m prompts, m.
/// - Throws: `StatisticsError` for lists of different lengths, values that are not finite, or weights
///   that are not above 0. No values give no values.
public func isotonicFit(
  _ values: [Double], weights: [Double]? = nil, order: MonotoneOrder = .nonIncreasing
) throws(StatisticsError) -> [Double] {
  try check(values, "values", atLeast: 0)
  let weights = weights ?? [Double](repeating: 1, count: values.count)
  try checkMatched(values, "values", weights, "weights")
  try check(weights, "weights", atLeast: 0, within: Double.leastNormalMagnitude...(.infinity))

  func isViolated(_ earlier: Double, _ later: Double) -> Bool {
    order == .nonIncreasing ? later > earlier : later < earlier
  }
  var pools: [(mean: Double, weight: Double, count: Int)] = []
  for (value, weight) in zip(values, weights) {
    var pool = (mean: value, weight: weight, count: 1)
    while let last = pools.last, isViolated(last.mean, pool.mean) {
      pools.removeLast()
      let total = last.weight + pool.weight
      // A weighted step from one mean towards the other stays between them.
      pool = (
        last.mean + (pool.mean - last.mean) * (pool.weight / total), total, last.count + pool.count
      )
    }
    pools.append(pool)
  }
  return pools.flatMap { [Double](repeating: $0.mean, count: $0.count) }
}
