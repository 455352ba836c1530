/// A clock that says when the next checkpoint is due.
struct CheckpointClock {
  private var last = ContinuousClock.now
  private var interval = Duration.seconds(30)

  var isDue: Bool { ContinuousClock.now - last >= interval }

  /// Saves a checkpoint. The next checkpoint is late enough that saving takes at most a twentieth
  /// of the time.
  mutating func measure(_ save: () throws -> Void) rethrows {
    let start = ContinuousClock.now
    try save()
    last = .now
    interval = max(.seconds(30), (last - start) * 20)
  }
}
