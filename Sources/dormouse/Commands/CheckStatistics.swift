import Text
import JSON
import ArgumentParser
import Findings
import Reports
import Studies

struct CheckStatistics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-statistics",
    abstract: "Put simulated studies with known answers through the statistics of reports.",
    discussion: """
      Simulates studies whose true rates, differences and slopes are known, at 5 and 8 seeds, with \
      ceilings and censoring, and counts how often 95% intervals hold the truth (93 to 97% are asked \
      for), how often a claim that is not true is supported (at most 5%), and how often a true one is. \
      Each share stands with its 95% interval over the simulated studies. Needs no device.
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
          try Standard.output(
            String(decoding: try JSONLines.line(row), as: UTF8.self))
        }
        return
      }
      try Standard.output(KnownAnswerRow.table(rows).plainText + "\n")
      let asked = rows.compactMap(\.meets)
      try Standard.output(
        "\n\(studies) studies per scenario, seed \(seed): \(asked.count { $0 }) of \(asked.count) "
          + "shares as asked (coverage 93 to 97%; wrong supports not above 5%).\n")
    }
  }
}
