/// Holm's step-down adjusted p-values, in the order given.
///
/// Claims with an adjusted value of at most alpha are rejected. The probability of any false
/// rejection is then at most alpha, for any dependence. With p sorted ascending, adjusted_i = max
/// over k <= i of min(1, (m - k) p_k), k counted from 0 (Holm, Scand. J. Statist. 6, 1979).
///
/// - Throws: `StatisticsError` for a value that is not a probability. No values give no values.
public func holmAdjusted(_ pValues: [Double]) throws(StatisticsError) -> [Double] {
  try check(pValues, "p-values", atLeast: 0, within: 0...1)
  let ascending = pValues.indices.sorted { (pValues[$0], $0) < (pValues[$1], $1) }
  var adjusted = pValues
  var floor = 0.0
  for (rank, index) in ascending.enumerated() {
    floor = max(floor, min(1, Double(pValues.count - rank) * pValues[index]))
    adjusted[index] = floor
  }
  return adjusted
}
