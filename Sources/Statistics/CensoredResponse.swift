import Foundation

/// A positive quantity (a dose, a time) known exactly or only within bounds.
public enum CensoredResponse: Codable, Hashable, Sendable {
  case exact(Double)
  /// Above `lower`, at most `upper`.
  case interval(lower: Double, upper: Double)
  case rightCensored(after: Double)
  case leftCensored(before: Double)

  /// Whether the bounds are positive, finite and in order.
  var isPossible: Bool {
    switch self {
    case .interval(let lower, let upper): lower > 0 && lower < upper && upper.isFinite
    case .exact(let value), .rightCensored(let value), .leftCensored(let value):
      value > 0 && value.isFinite
    }
  }
}

/// One observation of a linear model for z = tau log t - x gamma, standard normal.
///
/// Values and derivatives are computed in the z of the two bounds and transformed to (gamma, tau)
/// by the chain rule, dz = (-x, log t).
struct CensoredTerm {
  /// log t of the bound below, and of the bound above; equal for an exact response.
  let logLower: Double?
  let logUpper: Double?
  let row: [Double]

  init(_ response: CensoredResponse, row: [Double]) {
    self.row = row
    switch response {
    case .exact(let value):
      logLower = log(value)
      logUpper = logLower
    case .interval(let lower, let upper):
      logLower = log(lower)
      logUpper = log(upper)
    case .rightCensored(let value):
      logLower = log(value)
      logUpper = nil
    case .leftCensored(let value):
      logLower = nil
      logUpper = log(value)
    }
  }

  var isExact: Bool { logLower != nil && logLower == logUpper }

  /// The log-likelihood at parameters (gamma, tau) with tau > 0.
  func logLikelihood(_ parameters: [Double]) -> Double {
    if isExact, let y = logLower {
      return log(parameters[row.count]) - y + StandardNormal.logDensity(z(y, parameters))
    }
    return logProbability(
      logLower.map { z($0, parameters) } ?? -.infinity,
      logUpper.map { z($0, parameters) } ?? .infinity)
  }

  /// Adds this term's gradient and negative second derivatives (row-major, k by k).
  func accumulate(
    _ parameters: [Double], gradient: inout [Double], information: inout [Double]
  ) {
    if isExact, let y = logLower {
      let z = z(y, parameters)
      let tau = parameters[row.count]
      add(y, first: -z, to: &gradient)
      add(y, y, second: 1, to: &information)
      gradient[row.count] += 1 / tau
      information[information.count - 1] += 1 / (tau * tau)
      return
    }
    // With D = P(lower < Z <= upper) and w = density / D at each bound:
    //   d log D = wU dU - wL dL
    //   -d2 log D = (U wU + wU^2) dU dU + (wL^2 - L wL) dL dL - wU wL (dU dL + dL dU)
    let lower = logLower.map { z($0, parameters) } ?? -.infinity
    let upper = logUpper.map { z($0, parameters) } ?? .infinity
    let logD = logProbability(lower, upper)
    let weightL = logLower == nil ? 0 : exp(StandardNormal.logDensity(lower) - logD)
    let weightU = logUpper == nil ? 0 : exp(StandardNormal.logDensity(upper) - logD)
    if let logUpper {
      add(logUpper, first: weightU, to: &gradient)
      add(logUpper, logUpper, second: weightU * (upper + weightU), to: &information)
    }
    if let logLower {
      add(logLower, first: -weightL, to: &gradient)
      add(logLower, logLower, second: weightL * (weightL - lower), to: &information)
    }
    if let logLower, let logUpper {
      add(logLower, logUpper, second: -weightL * weightU, to: &information)
      add(logUpper, logLower, second: -weightL * weightU, to: &information)
    }
  }

  /// The change of a bound's z along a direction in (gamma, tau).
  func z(_ logBound: Double, _ direction: [Double]) -> Double {
    var sum = direction[row.count] * logBound
    for (x, gamma) in zip(row, direction) { sum -= x * gamma }
    return sum
  }

  private func add(_ logBound: Double, first: Double, to gradient: inout [Double]) {
    for (index, x) in row.enumerated() { gradient[index] -= first * x }
    gradient[row.count] += first * logBound
  }

  private func add(
    _ boundA: Double, _ boundB: Double, second: Double, to information: inout [Double]
  ) {
    let k = row.count + 1
    for i in 0..<k {
      let left = i < row.count ? -row[i] : boundA
      for j in 0..<k {
        information[i * k + j] += second * left * (j < row.count ? -row[j] : boundB)
      }
    }
  }
}

/// log P(lower < Z <= upper), computed in the tail in which the difference does not cancel.
private func logProbability(_ lower: Double, _ upper: Double) -> Double {
  if lower <= -upper {
    // Mirrored, so that the upper tail is used. A single bound is also computed here.
    return upper == .infinity ? 0 : logTailDifference(-upper, -lower)
  }
  return logTailDifference(lower, upper)
}

/// log(P(Z > lower) - P(Z > upper)).
private func logTailDifference(_ lower: Double, _ upper: Double) -> Double {
  let log = StandardNormal.logUpperTail(lower)
  guard upper < .infinity else { return log }
  // log(a - b) = log a + log(1 - b / a).
  return log + log1p(-exp(StandardNormal.logUpperTail(upper) - log))
}
