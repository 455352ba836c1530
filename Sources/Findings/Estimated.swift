import Reports
public import Statistics

/// What could be estimated from one number a seed: a failure is kept and shown, never left blank.
public enum Estimated: Hashable, Sendable {
  /// There is no number, or not one of every seed.
  case absent
  case estimate(SeedEstimate)
  case failed(StatisticsError)

  /// The mean over seeds with a 95% interval; ``absent`` where there is no value.
  ///
  /// - Parameter range: The values that the quantity can take; nil for an unbounded one.
  public init(_ values: [Double], range: ClosedRange<Double>?) {
    guard !values.isEmpty else {
      self = .absent
      return
    }
    do throws(StatisticsError) {
      self = .estimate(try seedLevelEstimate(values, range: range))
    } catch {
      self = .failed(error)
    }
  }

  /// The estimate, where there is one.
  public var estimate: SeedEstimate? {
    if case .estimate(let estimate) = self { estimate } else { nil }
  }

  /// A cell of a table: the estimate as `text` writes it, or why there is none.
  func cell(_ text: (SeedEstimate) -> String) -> Table.Cell {
    switch self {
    case .absent: .missing
    case .estimate(let estimate): Table.Cell(text: text(estimate), value: estimate.mean)
    case .failed(let error): .text(notComputed(error))
    }
  }
}

/// The words for a number that a statistic refused to give.
func notComputed(_ error: any Error) -> String { "could not be computed: \(error)" }
