/// The slope of log responses through groups, each of which is one configuration.
public struct GroupSlope: Codable, Hashable, Sendable {
  /// Change of the log response (base e) per unit of x.
  public let slope: Double
  public let standardError: Double
  /// Groups less 2.
  public let degreesOfFreedom: Double

  public func interval(level: Double = 0.95) -> Interval {
    let halfWidth =
      -StudentT(degreesOfFreedom: degreesOfFreedom).quantile((1 - level) / 2) * standardError
    return Interval(
      lower: slope - halfWidth, upper: slope + halfWidth, level: level, kind: .studentTOverSizes)
  }
}

/// The reason why there is no slope through groups.
public enum GroupSlopeFailure: Error, Hashable, Sendable {
  /// Every response of these groups is censored on one side, so the groups have no estimate.
  case separated(groups: [Int])
  case regression(CensoredRegressionFailure)
  /// Fewer than three groups, values that are not finite, or x that does not vary.
  case line(StatisticsError)
  /// The groups lie on a line, so the slope has no standard error above 0.
  case exactLine
}

extension GroupSlopeFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .separated(let groups):
      "all responses of \(groups.count == 1 ? "group" : "groups") "
        + groups.map(String.init).joined(separator: ", ") + " are censored on one side"
    case .regression(let failure): "\(failure)"
    case .line(let error): "\(error)"
    case .exactLine: "the groups lie on a line exactly, so the slope has no interval"
    }
  }
}

/// Fits a line through one estimate per group.
///
/// The first step is a log-normal regression with one mean per group and a common scale
/// (``censoredRegression(_:design:clusters:)``). The second is least squares through the means, which all
/// count the same, with Student t on (groups - 2) degrees of freedom. A group's configuration, such as a
/// model size with its tuned learning rate, deviates from any line by more than its seeds do. An
/// interval over seeds ignores that deviation; this one has it in its standard error. Effects of a seed
/// that all groups share cancel in the slope.
///
/// - Parameters:
///   - groups: The place of each group on the axis, and its responses.
///   - covariate: One number per response, group by group. The groups are then compared at its mean.
public func slopeOverGroups(
  _ groups: [(x: Double, responses: [CensoredResponse])], covariate: [[Double]]? = nil
) -> Result<GroupSlope, GroupSlopeFailure> {
  let responses = groups.flatMap(\.responses)
  var design = groups.indices.flatMap { group in
    groups[group].responses.map { _ in groups.indices.map { $0 == group ? 1.0 : 0 } }
  }
  if let values = covariate?.flatMap({ $0 }), values.count == design.count {
    let mean = values.reduce(0, +) / Double(values.count)
    for index in design.indices { design[index].append(values[index] - mean) }
  }
  switch censoredRegression(responses, design: design) {
  case .failure(.separated(let columns)): return .failure(.separated(groups: columns))
  case .failure(let failure): return .failure(.regression(failure))
  case .success(let fit):
    do throws(StatisticsError) {
      let line = try leastSquaresSlope(
        groups.map(\.x), Array(fit.coefficients.prefix(groups.count)))
      guard let error = line.standardError, error > 0 else { return .failure(.exactLine) }
      return .success(
        GroupSlope(
          slope: line.slope, standardError: error, degreesOfFreedom: Double(groups.count - 2)))
    } catch {
      return .failure(.line(error))
    }
  }
}
