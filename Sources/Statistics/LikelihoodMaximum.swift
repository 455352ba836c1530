import Foundation

/// The end of Newton's iteration on a censored log-likelihood.
struct LikelihoodMaximum {
  /// (gamma, tau).
  let parameters: [Double]
  let information: CholeskyFactor
  let logLikelihood: Double
  let iterations: Int
  let lastStep: Double
}

/// Maximises the log-likelihood of `terms` over (gamma, tau), tau > 0, or returns the reason why
/// there is no maximum.
func maximize(
  _ terms: [CensoredTerm], columns: Int
) -> Result<LikelihoodMaximum, CensoredRegressionFailure> {
  let size = columns + 1
  var parameters = start(terms, columns: columns)
  var value = total(terms, parameters)
  var direction = [Double](repeating: 0, count: size)
  var moved = Double.infinity
  let limit = 100
  for iteration in 1...limit {
    var gradient = [Double](repeating: 0, count: size)
    var matrix = [Double](repeating: 0, count: size * size)
    for term in terms {
      term.accumulate(parameters, gradient: &gradient, information: &matrix)
    }
    guard let information = CholeskyFactor(matrix, size: size) else {
      // At the start there is no direction yet. If every response of an arm is censored on one side,
      // the likelihood rises along its gradient for ever.
      gradient[columns] = 0
      return .failure(
        diagnosis(terms, direction, columns: columns)
          ?? diagnosis(terms, gradient, columns: columns)
          ?? .notConverged(iterations: iteration, lastStep: moved))
    }
    direction = information.solve(gradient)
    // If a line meets the bounds exactly, tau can grow without changing any z.
    moved = max(largestMove(terms, direction), abs(direction[columns]) / parameters[columns])
    if moved <= 1e-9 {
      return .success(
        LikelihoodMaximum(
          parameters: parameters, information: information, logLikelihood: value,
          iterations: iteration, lastStep: moved))
    }
    guard let next = accepted(terms, from: parameters, value: value, along: direction) else {
      return .failure(.notConverged(iterations: iteration, lastStep: moved))
    }
    (parameters, value) = next
    // With an exact fit tau doubles in every step. A deviation of 1e-5 in a logarithm is
    // negligible, and for larger tau the information is singular to working precision.
    if parameters[columns] > 1e5 { return .failure(.scaleVanishes) }
  }
  return .failure(
    diagnosis(terms, direction, columns: columns)
      ?? .notConverged(iterations: limit, lastStep: moved))
}

/// The start of the iteration: least squares on the midpoints of the responses' bounds, with the
/// residual deviation.
private func start(_ terms: [CensoredTerm], columns: Int) -> [Double] {
  let middles = terms.map { term in
    ((term.logLower ?? term.logUpper ?? 0) + (term.logUpper ?? term.logLower ?? 0)) / 2
  }
  var products = [Double](repeating: 0, count: columns * columns)
  var right = [Double](repeating: 0, count: columns)
  for (term, y) in zip(terms, middles) {
    for i in 0..<columns {
      right[i] += term.row[i] * y
      for j in 0..<columns { products[i * columns + j] += term.row[i] * term.row[j] }
    }
  }
  let beta = CholeskyFactor(products, size: columns)?.solve(right) ?? right.map { _ in 0 }
  var squares = 0.0
  for (term, y) in zip(terms, middles) {
    let gap = y - zip(term.row, beta).reduce(0) { $0 + $1.0 * $1.1 }
    squares += gap * gap
  }
  // A start with too small a deviation would put responses in far tails, so the deviation has a
  // lower limit.
  let tau = 1 / max(0.5, (squares / Double(terms.count)).squareRoot())
  return beta.map { $0 * tau } + [tau]
}

private func total(_ terms: [CensoredTerm], _ parameters: [Double]) -> Double {
  terms.reduce(0) { $0 + $1.logLikelihood(parameters) }
}

/// The first of the full, half, quarter... steps that keeps tau above 0 and does not lower the
/// likelihood beyond rounding.
private func accepted(
  _ terms: [CensoredTerm], from parameters: [Double], value: Double, along direction: [Double]
) -> ([Double], Double)? {
  var length = 1.0
  for _ in 0..<60 {
    let trial = zip(parameters, direction).map { $0 + length * $1 }
    if trial[trial.count - 1] > 0 {
      let trialValue = total(terms, trial)
      if trialValue >= value - 1e-12 * max(1, abs(value)) { return (trial, trialValue) }
    }
    length /= 2
  }
  return nil
}

/// The largest change of any bound's z along a direction.
private func largestMove(_ terms: [CensoredTerm], _ direction: [Double]) -> Double {
  terms.reduce(0) { largest, term in
    [term.logLower, term.logUpper].compactMap { $0 }.reduce(largest) {
      max($0, abs(term.z($1, direction)))
    }
  }
}

/// The failure that follows from a direction in which the iteration diverged; nil if the direction
/// does not prove that there is no maximum.
///
/// A concave likelihood has no maximum exactly if it never decreases along some direction. Along it
/// no lower bound's z increases, no upper bound's z decreases (so an exact response does not
/// change), and tau does not decrease. The iteration's last step is such a direction except for a
/// converging part, which needs the tolerance.
private func diagnosis(
  _ terms: [CensoredTerm], _ direction: [Double], columns: Int
) -> CensoredRegressionFailure? {
  let size = largestMove(terms, direction)
  guard size > 0 else { return nil }
  let tolerance = 1e-3 * size
  for term in terms {
    if let bound = term.logLower, term.z(bound, direction) > tolerance { return nil }
    if let bound = term.logUpper, term.z(bound, direction) < -tolerance { return nil }
  }
  let logs = terms.flatMap { [$0.logLower, $0.logUpper].compactMap { $0 } }
  let logSize = logs.reduce(0) { max($0, abs($1)) }
  // Whether tau is part of the direction, by its effect on the bounds.
  if direction[columns] * logSize > 10 * tolerance { return .scaleVanishes }
  let affected = (0..<columns).filter { column in
    let columnSize = terms.reduce(0) { max($0, abs($1.row[column])) }
    return abs(direction[column]) * columnSize > 10 * tolerance
  }
  return .separated(columns: affected)
}
