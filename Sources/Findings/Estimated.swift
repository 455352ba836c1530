import Reports
public import Statistics

/// The estimate from one number per seed. A failure is kept and shown, never left blank.
public enum Estimated: Hashable, Sendable {
  /// No number, or not one of every seed.
  case absent
  case estimate(SeedEstimate)
  case failed(StatisticsError)

  /// The mean over seeds with a 95% interval. ``absent`` if there is no value.
  ///
  /// - Parameters:
  ///   - range: The possible values of the quantity. Nil for an unbounded one.
  ///   - prompts: The prompts behind each value. Nil if the values are no rates.
  public init(_ values: [Double], range: ClosedRange<Double>?, prompts: Int? = nil) {
    guard !values.isEmpty else {
      self = .absent
      return
    }
    do throws(StatisticsError) {
      if let prompts {
        self = .estimate(try rateEstimate(values, prompts: prompts))
      } else {
        self = .estimate(try seedLevelEstimate(values, range: range))
      }
    } catch {
      self = .failed(error)
    }
  }

  /// The estimate, if there is one.
  public var estimate: SeedEstimate? {
    if case .estimate(let estimate) = self { estimate } else { nil }
  }

  /// A cell of a table: the estimate as `text` writes it, or the reason why there is none.
  func cell(_ text: (SeedEstimate) -> String) -> Table.Cell {
    switch self {
    case .absent: .missing
    case .estimate(let estimate): Table.Cell(text: text(estimate), value: estimate.mean)
    case .failed(let error): .text(notComputed(error))
    }
  }
}

/// The words for a number that a statistic could not compute.
func notComputed(_ error: any Error) -> String { "could not be computed: \(error)" }
