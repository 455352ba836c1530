/// The steps at which training waits for the device. They are rare, so that parts of a cohort
/// seldom wait for each other, and frequent enough that a request to stop is noticed soon.
struct WaitingPace {
  /// Steps from one wait to the next.
  private var steps = 1
  private var next = 1
  private var last = ContinuousClock.now

  private static let interval = (
    short: Duration.milliseconds(100), long: Duration.milliseconds(400)
  )
  private static let mostSteps = 64

  /// Whether to wait after `done` steps.
  mutating func waits(after done: Int) -> Bool {
    guard done >= next else { return false }
    let now = ContinuousClock.now
    if now - last < Self.interval.short { steps = min(2 * steps, Self.mostSteps) }
    if now - last > Self.interval.long { steps = max(steps / 2, 1) }
    last = now
    next = done + steps
    return true
  }
}
