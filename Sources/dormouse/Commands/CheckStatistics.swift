import Text
import JSON
import ArgumentParser
import Findings
import Reports
import Studies

struct CheckStatistics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-statistics",
    abstract: "Test the statistics of reports on simulated studies with known answers.",
    discussion: """
      Simulates studies with known true rates, differences and slopes, with 5, 8 and 16 seeds, with ceilings \
      and censoring. It counts how often 95% intervals hold the truth (required: 93 to 97%), how often a \
      false claim is supported (required: at most 5%), and how often a true claim is supported. Each \
      share has its 95% interval over the simulated studies. The command needs no device.
      """)

  @Option(help: "Simulated studies per scenario.")
  var studies = 1000
  @Option(help: "The seed of the simulations.")
  var seed: UInt64 = 1
  @Flag(help: "JSON lines on standard output.")
  var json = false

  func run() throws {
    try reportingFailures {
      guard (1...1_000_000).contains(studies) else {
        throw CommandFault(
          line: "--studies: expected a whole number from 1 to 1000000, found \(studies)",
          exitCode: .badUse)
      }
      let rows = KnownAnswerCheck(studies: studies, seed: seed).run()
      if json {
        for row in rows {
          try Standard.output(JSONLines.visibleLine(row))
        }
        return
      }
      try Standard.output(KnownAnswerRow.table(rows).plainText + "\n")
      let asked = rows.compactMap(\.meets)
      try Standard.output(
        "\n\(studies) studies per scenario, seed \(seed): \(asked.count { $0 }) of \(asked.count) "
          + "shares as required (coverage 93 to 97%; false claims supported at most 5%).\n")
    }
  }
}
