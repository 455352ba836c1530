import Foundation

/// Where Newton's iteration on a censored log-likelihood ended.
struct LikelihoodMaximum {
  /// (gamma, tau).
  let parameters: [Double]
  let information: CholeskyFactor
  let logLikelihood: Double
  let iterations: Int
  let lastStep: Double
}

/// Maximises the log-likelihood of `terms` over (gamma, tau), tau > 0, or says why it cannot.
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
      return .failure(
        diagnosis(terms, direction, columns: columns)
          ?? .notConverged(iterations: iteration, lastStep: moved))
    }
    direction = information.solve(gradient)
    // Where bounds are met exactly, tau can run away without moving any z.
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
    // An exact fit doubles tau for ever; a deviation of 1e-5 in a logarithm is none to speak of, and
    // further on the information is singular to working precision.
    if parameters[columns] > 1e5 { return .failure(.scaleVanishes) }
  }
  return .failure(
    diagnosis(terms, direction, columns: columns)
      ?? .notConverged(iterations: limit, lastStep: moved))
}

/// Least squares on the middles of the responses' bounds, with the spread that is left.
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
  // A start with too small a deviation would put responses in far tails, so it is kept from 0.
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

/// Reads a direction in which the iteration ran away; nil if it does not prove that there is no
/// maximum.
///
/// A concave likelihood lacks a maximum exactly if it falls nowhere along some direction: no lower
/// bound's z rises, no upper bound's z falls (so an exact response stays put), tau does not fall. The
/// iteration's last step is such a direction up to the part that is converging, hence the tolerance.
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
  // Does tau take part, as seen in the bounds it moves?
  if direction[columns] * logSize > 10 * tolerance { return .scaleVanishes }
  let affected = (0..<columns).filter { column in
    let columnSize = terms.reduce(0) { max($0, abs($1.row[column])) }
    return abs(direction[column]) * columnSize > 10 * tolerance
  }
  return .separated(columns: affected)
}
