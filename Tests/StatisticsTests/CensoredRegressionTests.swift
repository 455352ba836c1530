import Foundation
import Statistics
import Testing

@Suite struct CensoredRegressionTests {
  // The expected values are printed by this program (scipy 1.17.1), which shares no formula with the
  // code: the likelihood is differenced, not derived, and maximised in (beta, log sigma).
  //
  // lower = np.array([10, 30, 100, 30, 0, 300, 100, 300, 1000, 100, 30, 50.])
  // upper = np.array([30, 100, 300, 100, 10, 1000, 300, 1000, inf, inf, 100, 50.])
  // arm = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1])
  // X = np.column_stack([np.ones(12), arm, np.linspace(-1, 1, 12) ** 2])
  // def nll(p, each=False):
  //   s = np.exp(p[-1]); m = X @ p[:-1]
  //   a, b = (np.log(lower) - m) / s, (np.log(upper) - m) / s
  //   e = lower == upper
  //   l = np.where(e, stats.norm.logpdf(a) - np.log(s) - np.log(np.where(e, lower, 1)),
  //                np.log(np.where(e, 1, stats.norm.cdf(b) - stats.norm.cdf(a))))
  //   return -l if each else -l.sum()
  // def jac(f, p, h=1e-4):
  //   return np.array([(8*(f(p+h*u)-f(p-h*u))-(f(p+2*h*u)-f(p-2*h*u)))/(12*h)
  //                    for u in np.eye(len(p))])
  // p = optimize.minimize(nll, [4, 1, 0, 0], method="Nelder-Mead",
  //   options=dict(xatol=1e-10, fatol=1e-14, maxiter=20000, maxfev=20000)).x
  // C = np.linalg.inv(jac(lambda q: jac(nll, q), p)); print(np.sqrt(np.diag(C)))
  // seed = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 5])
  // S = jac(lambda q: nll(q, True), p)
  // G = np.array([S[:, seed == g].sum(1) for g in range(6)])
  // print(np.sqrt(np.diag(C @ (G.T @ G * 6 / 5) @ C)))
  private static let responses: [CensoredResponse] = [
    .interval(lower: 10, upper: 30), .interval(lower: 30, upper: 100),
    .interval(lower: 100, upper: 300), .interval(lower: 30, upper: 100), .leftCensored(before: 10),
    .interval(lower: 300, upper: 1000), .interval(lower: 100, upper: 300),
    .interval(lower: 300, upper: 1000), .rightCensored(after: 1000), .rightCensored(after: 100),
    .interval(lower: 30, upper: 100), .exact(50),
  ]
  private static let design: [[Double]] = (0..<12).map { index in
    let arm: [Double] = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 1]
    let x = -1 + 2 * Double(index) / 11
    return [1, arm[index], x * x]
  }

  @Test func againstScipy() throws {
    let fit = try censoredRegression(
      Self.responses, design: Self.design, clusters: [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 5]
    ).get()
    let coefficients = [4.099388477625457, 2.0571317179824007, -0.9765930174141202]
    let errors = [0.6863413708956871, 0.7215057621416052, 0.985342276838643]
    let clustered = [1.121582672525869, 1.107308337234128, 1.272801536427703]
    #expect(zip(fit.coefficients, coefficients).allSatisfy { agrees($0, $1, within: 1e-7) })
    #expect(zip(fit.standardErrors, errors).allSatisfy { agrees($0, $1, within: 1e-6) })
    #expect(
      zip(try #require(fit.clusteredStandardErrors), clustered)
        .allSatisfy { agrees($0, $1, within: 1e-6) })
    #expect(agrees(fit.scale, 1.086918019675391, within: 1e-7))
    #expect(agrees(fit.logScaleStandardError, 0.25386997760695296, within: 1e-6))
    #expect(agrees(fit.logLikelihood, -18.970117827966096, within: 1e-12))
    #expect(fit.clusters == 6 && fit.observations == 12 && fit.lastStep <= 1e-9)
    #expect(fit.iterations < 20)

    let interval = fit.interval(ofCoefficient: 1)
    // scipy.stats.t.ppf(0.975, 5) = 2.5705818366147395
    #expect(agrees(interval.upper, 2.0571317 + 2.5705818366147395 * 1.1073083, within: 1e-6))
    #expect(interval.kind == .clusterRobust)
  }

  // Uncensored data: the maximum is least squares on logarithms, with variance RSS / n, and
  // Var(log sigma) = 1 / (2n).
  @Test func exactDataIsLeastSquares() throws {
    let x = [0.0, 1, 2, 3, 4, 5]
    let y = [1.0, 1.4, 2.2, 2.1, 3.3, 3.2]
    let fit = try censoredRegression(y.map { .exact(exp($0)) }, design: x.map { [1, $0] }).get()
    let line = try leastSquaresSlope(x, y)
    #expect(agrees(fit.coefficients[0], line.intercept, within: 1e-9))
    #expect(agrees(fit.coefficients[1], line.slope, within: 1e-9))
    let unbiased = try #require(line.residualDeviation)
    #expect(agrees(fit.scale, unbiased * (4.0 / 6).squareRoot(), within: 1e-9))
    let slopeError = try #require(line.standardError) * (4.0 / 6).squareRoot()
    #expect(agrees(fit.standardErrors[1], slopeError, within: 1e-8))
    #expect(agrees(fit.logScaleStandardError, (1.0 / 12).squareRoot(), within: 1e-8))
    #expect(fit.clusteredStandardErrors == nil)
    #expect(fit.interval(ofCoefficient: 1).kind == .waldOfLikelihood)
  }

  // Changing the dose's unit moves the intercept and nothing else.
  @Test(arguments: [1e-6, 1e6]) func unitsOnlyMoveTheIntercept(_ unit: Double) throws {
    let scaled = Self.responses.map { response -> CensoredResponse in
      switch response {
      case .exact(let value): .exact(value * unit)
      case .interval(let lower, let upper): .interval(lower: lower * unit, upper: upper * unit)
      case .rightCensored(let value): .rightCensored(after: value * unit)
      case .leftCensored(let value): .leftCensored(before: value * unit)
      }
    }
    let fit = try censoredRegression(Self.responses, design: Self.design).get()
    let other = try censoredRegression(scaled, design: Self.design).get()
    #expect(agrees(other.coefficients[0], fit.coefficients[0] + log(unit), within: 1e-8))
    #expect(agrees(other.coefficients[1], fit.coefficients[1], within: 1e-8))
    #expect(agrees(other.standardErrors[0], fit.standardErrors[0], within: 1e-6))
    #expect(agrees(other.scale, fit.scale, within: 1e-8))
  }

  // Log-normal half-lives seen on a grid of doses: the truth lies within four standard errors.
  @Test func recoversTheTruthFromAGrid() throws {
    var generator = TestGenerator(seed: 11)
    let grid = [1.0, 3, 10, 30, 100, 300, 1000]
    var responses: [CensoredResponse] = []
    var design: [[Double]] = []
    for index in 0..<400 {
      let x = Double(index % 4)
      let dose = exp(2 + 0.8 * x + 1.3 * generator.normal())
      let above = grid.firstIndex { $0 >= dose }
      switch above {
      case nil: responses.append(.rightCensored(after: 1000))
      case 0: responses.append(.leftCensored(before: 1))
      case let place?:
        responses.append(.interval(lower: grid[place - 1], upper: grid[place]))
      }
      design.append([1, x])
    }
    let fit = try censoredRegression(responses, design: design).get()
    for (estimate, (truth, error)) in zip(
      fit.coefficients, zip([2, 0.8], fit.standardErrors))
    {
      #expect(abs(estimate - truth) < 4 * error && error < 0.2)
    }
    #expect(abs(log(fit.scale / 1.3)) < 4 * fit.logScaleStandardError)
  }

  // Small cells as a study has them: many lack a maximum. Each ends in a fit or a named reason, and
  // no fit can be bettered nearby, by a likelihood written from its definition.
  @Test func smallCellsEndInAMaximumOrAReason() throws {
    var generator = TestGenerator(seed: 23)
    let grid = [3.0, 10, 30, 100, 300]
    var fits = 0
    var separated = 0
    var vanishing = 0
    for _ in 0..<200 {
      let seeds = 2 + Int(generator.uniform() * 5)
      let spread = 0.1 + 1.5 * generator.uniform()
      let shift = 4 * generator.uniform()
      let design = (0..<(2 * seeds)).map { [1, $0 % 2 == 0 ? 0.0 : 1] }
      let responses = design.map { row -> CensoredResponse in
        let dose = exp(3 + shift * row[1] + spread * generator.normal())
        switch grid.firstIndex(where: { $0 >= dose }) {
        case nil: return .rightCensored(after: 300)
        case 0: return .leftCensored(before: 3)
        case let place?: return .interval(lower: grid[place - 1], upper: grid[place])
        }
      }
      switch censoredRegression(responses, design: design) {
      case .success(let fit):
        fits += 1
        let best = logLikelihood(responses, design, fit.coefficients, fit.scale)
        #expect(agrees(best, fit.logLikelihood, within: 1e-9))
        for step in [-1e-3, 1e-3] {
          let (b, s) = (fit.coefficients, fit.scale)
          #expect(logLikelihood(responses, design, [b[0] + step, b[1]], s) < best)
          #expect(logLikelihood(responses, design, [b[0], b[1] + step], s) < best)
          #expect(logLikelihood(responses, design, b, s * exp(step)) < best)
        }
      case .failure(.separated(let columns)):
        separated += 1
        // One arm lies wholly beyond one end of the grid.
        #expect(columns == [1] || columns == [0, 1] || columns == [0])
        let arms = [0, 1].map { arm in
          Set(responses.indices.filter { $0 % 2 == arm }.map { responses[$0] })
        }
        #expect(
          arms.contains { $0 == [.rightCensored(after: 300)] || $0 == [.leftCensored(before: 3)] })
      case .failure(.scaleVanishes):
        vanishing += 1
        // Some value lies within all bounds of each arm.
        for arm in [0, 1] {
          let own = responses.indices.filter { $0 % 2 == arm }.map { responses[$0] }
          let lowest = own.map(\.bounds.lower).reduce(0, max)
          let highest = own.map(\.bounds.upper).reduce(.infinity, min)
          #expect(lowest <= highest)
        }
      case .failure(.allRightCensored), .failure(.allLeftCensored): break
      case .failure(let reason): Issue.record("\(reason): \(responses)")
      }
    }
    #expect(fits > 60 && separated > 10 && vanishing > 10)
  }

  private func logLikelihood(
    _ responses: [CensoredResponse], _ design: [[Double]], _ beta: [Double], _ sigma: Double
  ) -> Double {
    zip(responses, design).reduce(0) { sum, observation in
      let mean = zip(beta, observation.1).reduce(0) { $0 + $1.0 * $1.1 }
      func below(_ dose: Double) -> Double {
        0.5 * erfc((mean - log(dose)) / sigma / 2.0.squareRoot())
      }
      let bounds = observation.0.bounds
      return sum
        + log(below(bounds.upper) - (bounds.lower == 0 ? 0 : below(bounds.lower)))
    }
  }

  @Test(arguments: Self.failures) func failuresAreNamed(_ failure: Failure) {
    let result = censoredRegression(
      failure.responses, design: failure.design, clusters: failure.clusters)
    guard case .failure(let reason) = result else {
      Issue.record("fitted where there is no maximum: \(result)")
      return
    }
    #expect(reason.description == failure.text)
  }

  struct Failure: Sendable {
    let responses: [CensoredResponse]
    let design: [[Double]]
    var clusters: [Int]?
    let text: String
  }

  private static let mixed: [CensoredResponse] = [
    .interval(lower: 3, upper: 10), .interval(lower: 10, upper: 30), .interval(lower: 3, upper: 30),
    .interval(lower: 30, upper: 100),
  ]
  private static let ones: [[Double]] = [[1], [1], [1], [1]]
  private static let arms: [[Double]] = (0..<8).map { [1, $0 < 4 ? 0 : 1] }

  static let failures: [Failure] = [
    Failure(responses: [], design: [], text: "no responses to fit"),
    Failure(
      responses: mixed, design: [[1], [1]],
      text: "4 responses, 2 design rows: they are matched one to one, and all rows need the same "
        + "length"),
    Failure(
      responses: mixed, design: ones, clusters: [1],
      text:
        "4 responses, 4 design rows, 1 clusters: they are matched one to one, and all rows need "
        + "the same length"),
    Failure(
      responses: mixed, design: ones, clusters: [2, 2, 2, 2],
      text: "cluster-robust errors need at least two clusters"),
    Failure(
      responses: [.interval(lower: 3, upper: 3), .exact(2)], design: [[1], [1]],
      text: "observation 0 has impossible bounds or a row not finite"),
    Failure(
      responses: [.exact(2), .rightCensored(after: 0)], design: [[1], [1]],
      text: "observation 1 has impossible bounds or a row not finite"),
    Failure(
      responses: [.exact(2), .exact(3)], design: [[1], [.nan]],
      text: "observation 1 has impossible bounds or a row not finite"),
    Failure(
      responses: mixed, design: (1...4).map { [1, Double($0), 3 - Double($0)] },
      text: "the design's columns are linearly dependent"),
    Failure(
      responses: [CensoredResponse](repeating: .rightCensored(after: 9), count: 4), design: ones,
      text: "all 4 responses are right-censored: nothing bounds the half-life from above"),
    Failure(
      responses: [CensoredResponse](repeating: .leftCensored(before: 9), count: 4), design: ones,
      text: "all 4 responses are left-censored: nothing bounds the half-life from below"),
    Failure(
      responses: mixed + [CensoredResponse](repeating: .rightCensored(after: 100), count: 4),
      design: arms,
      text: "the responses are separated: no finite estimate for design column 1"),
    Failure(
      responses: mixed + [CensoredResponse](repeating: .leftCensored(before: 1), count: 4),
      design: arms,
      text: "the responses are separated: no finite estimate for design column 1"),
    // Every seed in the same interval of doses.
    Failure(
      responses: [CensoredResponse](repeating: .interval(lower: 10, upper: 30), count: 4),
      design: ones,
      text: "one line passes through every response: the scale has no estimate above 0"),
    Failure(
      responses: [.exact(2), .exact(4), .exact(8)], design: (1...3).map { [1, Double($0)] },
      text: "one line passes through every response: the scale has no estimate above 0"),
  ]
}

extension CensoredResponse {
  fileprivate var bounds: (lower: Double, upper: Double) {
    switch self {
    case .exact(let value): (value, value)
    case .interval(let lower, let upper): (lower, upper)
    case .rightCensored(let value): (value, .infinity)
    case .leftCensored(let value): (0, value)
    }
  }
}
