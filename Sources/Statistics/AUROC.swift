/// The area under the receiver operating characteristic: the probability that a random positive
/// scores above a random negative, with ties counted one half.
///
/// The Mann-Whitney statistic from mid-ranks, in O(n log n) (Hanley and McNeil, Radiology 143, 1982).
///
/// - Throws: `StatisticsError` for an empty list or a score that is not finite.
public func auroc(positives: [Double], negatives: [Double]) throws(StatisticsError) -> Double {
  try check(positives, "positive scores")
  try check(negatives, "negative scores")
  let scores =
    (positives.map { (score: $0, isPositive: true) }
    + negatives.map { (score: $0, isPositive: false) })
    .sorted { $0.score < $1.score }
  // Pairs are counted in halves, so the numerator is an integer.
  var halves = 0
  var negativesBelow = 0
  var start = 0
  while start < scores.count {
    var end = start
    var tiedPositives = 0
    while end < scores.count, scores[end].score == scores[start].score {
      if scores[end].isPositive { tiedPositives += 1 }
      end += 1
    }
    let tiedNegatives = end - start - tiedPositives
    halves += tiedPositives * (2 * negativesBelow + tiedNegatives)
    negativesBelow += tiedNegatives
    start = end
  }
  return Double(halves) / (2 * Double(positives.count) * Double(negatives.count))
}
