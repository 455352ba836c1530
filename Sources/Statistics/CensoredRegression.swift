import Foundation

/// A fitted log-normal regression: log t = x beta + sigma epsilon, epsilon standard normal.
public struct CensoredRegressionFit: Codable, Hashable, Sendable {
  /// beta, one per design column, in logarithms (base e) of the response's unit.
  public let coefficients: [Double]
  /// sigma.
  public let scale: Double
  /// Covariance of (beta, log sigma), row-major, from the observed information.
  public let covariance: [Double]
  /// The cluster-robust (sandwich) covariance of the same parameters; nil without clusters.
  public let clusteredCovariance: [Double]?
  /// The number of distinct clusters; nil without clusters.
  public let clusters: Int?
  public let logLikelihood: Double
  public let observations: Int
  /// The number of Newton steps, and the largest change in the last step: of an observation's
  /// standardised bound, or of the scale relative to itself.
  public let iterations: Int
  public let lastStep: Double

  /// Standard errors of beta from the observed information.
  public var standardErrors: [Double] { errors(covariance) }

  /// Standard error of log sigma.
  public var logScaleStandardError: Double { (covariance[covariance.count - 1]).squareRoot() }

  /// Cluster-robust standard errors of beta; nil without clusters.
  public var clusteredStandardErrors: [Double]? { clusteredCovariance.map(errors) }

  /// The interval of one coefficient.
  ///
  /// With clusters, Student t with (clusters - 1) degrees of freedom on the cluster-robust error;
  /// without clusters, the Wald interval, which is too short with few observations.
  public func interval(ofCoefficient index: Int, level: Double = 0.95) -> Interval {
    let tail = (1 - level) / 2
    let halfWidth: Double
    if let clusters, let clusteredStandardErrors {
      halfWidth =
        -StudentT(degreesOfFreedom: Double(clusters - 1)).quantile(tail)
        * clusteredStandardErrors[index]
    } else {
      halfWidth = -StandardNormal.quantile(tail) * standardErrors[index]
    }
    return Interval(
      lower: coefficients[index] - halfWidth, upper: coefficients[index] + halfWidth,
      level: level, kind: clusters == nil ? .waldOfLikelihood : .clusterRobust)
  }

  private func errors(_ matrix: [Double]) -> [Double] {
    let size = coefficients.count + 1
    return coefficients.indices.map { matrix[$0 * size + $0].squareRoot() }
  }
}

/// The reason why a censored regression has no estimate.
public enum CensoredRegressionFailure: Error, Codable, Hashable, Sendable {
  case noObservations
  /// The numbers of design rows, responses and clusters are not equal, or the design rows have
  /// different lengths.
  case shapesDiffer(responses: Int, rows: Int, clusters: Int?)
  /// The response at `index` has bounds that are not positive, finite and in order, or its design
  /// row has a value that is not finite.
  case impossible(index: Int)
  /// The design's columns are linearly dependent.
  case dependentColumns
  /// Every response is right-censored: the likelihood rises as the mean goes to infinity.
  case allRightCensored(Int)
  /// Every response is left-censored: the likelihood rises as the mean goes to minus infinity.
  case allLeftCensored(Int)
  /// Some coefficients are infinite: in one direction the likelihood of no response decreases. An
  /// example is an arm in which every response is right-censored.
  case separated(columns: [Int])
  /// The scale goes to 0 (is below 1e-5): one line passes through every response's bounds.
  case scaleVanishes
  /// Fewer than two clusters.
  case oneCluster
  /// The iteration stopped without a maximum and without proof that there is none.
  case notConverged(iterations: Int, lastStep: Double)
}

extension CensoredRegressionFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noObservations: "no responses to fit"
    case .shapesDiffer(let responses, let rows, let clusters):
      "\(responses) responses, \(rows) design rows"
        + (clusters.map { ", \($0) clusters" } ?? "")
        + ": they are matched one to one, and all rows need the same length"
    case .impossible(let index): "observation \(index) has impossible bounds or a row not finite"
    case .dependentColumns: "the design's columns are linearly dependent"
    case .allRightCensored(let count):
      "all \(count) responses are right-censored: nothing bounds the half-life from above"
    case .allLeftCensored(let count):
      "all \(count) responses are left-censored: nothing bounds the half-life from below"
    case .separated(let columns):
      "the responses are separated: no finite estimate for design "
        + (columns.count == 1 ? "column " : "columns ")
        + columns.map(String.init).joined(separator: ", ")
    case .scaleVanishes: "one line passes through every response: the scale has no estimate above 0"
    case .oneCluster: "cluster-robust errors need at least two clusters"
    case .notConverged(let iterations, let lastStep):
      "no maximum after \(iterations) steps; the last one was of \(lastStep) deviations"
    }
  }
}

/// Log-normal regression by maximum likelihood on exact, interval-, right- and left-censored
/// responses (Kalbfleisch and Prentice, "The Statistical Analysis of Failure Time Data", 2nd ed.,
/// sections 3.1 and 3.7).
///
/// Newton's method in (gamma, tau) = (beta / sigma, 1 / sigma), where the log-likelihood is concave
/// (Burridge, J. R. Statist. Soc. B 43, 1981), so it converges with step halving if there is a
/// maximum. It has converged when a step changes no response by more than 1e-9 deviations, and the
/// scale by no more than this part of itself. A test on the gradient is not enough: for separated
/// responses the gradient goes to 0 and the steps do not.
///
/// - Parameters:
///   - design: one row per response, with a column of ones for an intercept.
///   - clusters: the seed of each response, if several responses have the same seed. Errors are
///     then the sandwich over clusters with the factor G / (G - 1) (Liang and Zeger, Biometrika 73,
///     1986).
/// - Returns: the fit, or the reason why there is none.
public func censoredRegression(
  _ responses: [CensoredResponse], design: [[Double]], clusters: [Int]? = nil
) -> Result<CensoredRegressionFit, CensoredRegressionFailure> {
  if let failure = refusal(responses, design, clusters) { return .failure(failure) }
  let terms = zip(responses, design).map { CensoredTerm($0, row: $1) }
  return maximize(terms, columns: design[0].count).map { maximum in
    fit(maximum, terms: terms, clusters: clusters)
  }
}

private func refusal(
  _ responses: [CensoredResponse], _ design: [[Double]], _ clusters: [Int]?
) -> CensoredRegressionFailure? {
  guard let first = design.first, !responses.isEmpty, !first.isEmpty else { return .noObservations }
  guard design.count == responses.count, design.allSatisfy({ $0.count == first.count }),
    clusters.map({ $0.count == responses.count }) ?? true
  else {
    return .shapesDiffer(
      responses: responses.count, rows: design.count, clusters: clusters?.count)
  }
  if let clusters, Set(clusters).count < 2 { return .oneCluster }
  for (index, response) in responses.enumerated() {
    guard response.isPossible, design[index].allSatisfy(\.isFinite) else {
      return .impossible(index: index)
    }
  }
  let columns = first.count
  var products = [Double](repeating: 0, count: columns * columns)
  for row in design {
    for i in 0..<columns {
      for j in 0..<columns { products[i * columns + j] += row[i] * row[j] }
    }
  }
  guard CholeskyFactor(products, size: columns, tolerance: 1e-11) != nil else {
    return .dependentColumns
  }
  if responses.allSatisfy({ if case .rightCensored = $0 { true } else { false } }) {
    return .allRightCensored(responses.count)
  }
  if responses.allSatisfy({ if case .leftCensored = $0 { true } else { false } }) {
    return .allLeftCensored(responses.count)
  }
  return nil
}

/// Transforms a maximum in (gamma, tau) to (beta, log sigma).
///
/// At a maximum the gradient vanishes, so the covariance transforms by the Jacobian alone:
/// beta = gamma / tau and log sigma = -log tau give d beta = (d gamma - beta d tau) / tau and
/// d log sigma = -d tau / tau.
private func fit(
  _ maximum: LikelihoodMaximum, terms: [CensoredTerm], clusters: [Int]?
) -> CensoredRegressionFit {
  let size = maximum.parameters.count
  let columns = size - 1
  let tau = maximum.parameters[columns]
  let beta = maximum.parameters[..<columns].map { $0 / tau }
  var jacobian = [Double](repeating: 0, count: size * size)
  for i in 0..<columns {
    jacobian[i * size + i] = 1 / tau
    jacobian[i * size + columns] = -beta[i] / tau
  }
  jacobian[size * size - 1] = -1 / tau
  let inverse = maximum.information.inverse()

  var clustered: [Double]?
  if let clusters {
    var scores: [Int: [Double]] = [:]
    var unused = [Double](repeating: 0, count: size * size)
    for (term, cluster) in zip(terms, clusters) {
      term.accumulate(
        maximum.parameters,
        gradient: &scores[cluster, default: [Double](repeating: 0, count: size)],
        information: &unused)
    }
    let groups = Double(scores.count)
    var middle = [Double](repeating: 0, count: size * size)
    // Sorted, so that the sum's rounding does not depend on a hash seed.
    for (_, score) in scores.sorted(by: { $0.key < $1.key }) {
      for i in 0..<size {
        for j in 0..<size { middle[i * size + j] += score[i] * score[j] * groups / (groups - 1) }
      }
    }
    clustered = sandwich(jacobian, sandwich(inverse, middle, size), size)
  }
  return CensoredRegressionFit(
    coefficients: beta, scale: 1 / tau, covariance: sandwich(jacobian, inverse, size),
    clusteredCovariance: clustered, clusters: clusters.map { Set($0).count },
    logLikelihood: maximum.logLikelihood, observations: terms.count,
    iterations: maximum.iterations, lastStep: maximum.lastStep)
}

/// outer inner outer^T, row-major.
private func sandwich(_ outer: [Double], _ inner: [Double], _ size: Int) -> [Double] {
  var left = [Double](repeating: 0, count: size * size)
  var result = left
  for i in 0..<size {
    for j in 0..<size {
      for k in 0..<size { left[i * size + j] += outer[i * size + k] * inner[k * size + j] }
    }
  }
  for i in 0..<size {
    for j in 0..<size {
      for k in 0..<size { result[i * size + j] += left[i * size + k] * outer[j * size + k] }
    }
  }
  return result
}
