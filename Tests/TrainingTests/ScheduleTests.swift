import Testing
import Training

/// Learning rates against numbers worked out by hand from the closed forms.
@Suite struct ScheduleTests {
  private static func expectClose(
    _ schedule: Schedule, _ expected: [Int: Double],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for (step, rate) in expected {
      #expect(
        abs(schedule(step) - rate) <= 1e-14 * max(abs(rate), 1e-3), "step \(step)",
        sourceLocation: sourceLocation)
    }
  }

  @Test func constantWarmsUpAndStays() {
    Self.expectClose(
      .constant(peak: 0.5, warmup: 4),
      [0: 0.125, 1: 0.25, 2: 0.375, 3: 0.5, 4: 0.5, 5: 0.5, 1_000_000: 0.5])
  }

  @Test func withoutWarmupTheFirstStepIsAtThePeak() {
    Self.expectClose(.constant(peak: 0.25, warmup: 0), [0: 0.25, 1: 0.25, 9: 0.25])
    Self.expectClose(.constant(peak: 0.25, warmup: 1), [0: 0.25, 1: 0.25])
    Self.expectClose(
      .cosine(peak: 0.25, warmup: 0, steps: 4, finalFraction: 0), [0: 0.25, 2: 0.125, 4: 0])
  }

  /// With 2 steps of warm-up of 10 and a final fraction of 1/5, x advances by 1/8 a step:
  /// cos(π/4) = √½ at step 4, cos(π/3) has no step, cos(π/2) = 0 at step 6, cos(3π/4) at step 8,
  /// and cos π = -1 at step 10 and after.
  @Test func cosineFallsToItsFinalFraction() {
    let half = 0.5.squareRoot()
    Self.expectClose(
      .cosine(peak: 2, warmup: 2, steps: 10, finalFraction: 0.2),
      [
        0: 1, 1: 2, 2: 2, 4: 2 * (0.2 + 0.8 * (1 + half) / 2), 6: 1.2,
        8: 2 * (0.2 + 0.8 * (1 - half) / 2), 10: 0.4, 11: 0.4, 500: 0.4,
      ])
  }

  @Test func cosineNeverRisesAfterWarmingUp() {
    let schedule = Schedule.cosine(peak: 1, warmup: 7, steps: 50, finalFraction: 0.1)
    for step in 1..<7 { #expect(schedule(step) > schedule(step - 1)) }
    for step in 7..<50 { #expect(schedule(step) < schedule(step - 1) || step == 7) }
  }

  /// Warm-up as long as the run, or longer, leaves nothing to fall over.
  @Test func warmupMayFillTheRun() {
    Self.expectClose(
      .cosine(peak: 1, warmup: 4, steps: 4, finalFraction: 0), [0: 0.25, 3: 1, 4: 1, 5: 0])
    Self.expectClose(
      .cosine(peak: 1, warmup: 8, steps: 4, finalFraction: 0), [0: 0.125, 3: 0.5])
  }
}
