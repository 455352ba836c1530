import ArgumentParser
import Findings
import Foundation
import Reports
import Studies

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Every measurement of a finished run as a table, on standard output.",
    discussion: """
      One row per model, dose and measure, with the counts behind it. Prompts and responses of each \
      evaluation are in stages/evaluate-*/rows.jsonl of the output folder.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case csv
    case jsonl
  }

  @Argument(help: ArgumentHelp("The output folder of a run.", valueName: "folder"))
  var folder: String

  @Option(help: "csv or jsonl.")
  var format = Format.csv

  func run() throws {
    try reportingFailures {
      let url = URL(fileURLWithPath: folder)
      let loaded = try ReportFile.study(in: url)
      let table = try ReportFile.finished(loaded, folder: url, store: Store(root: url)).results
        .measurements
      try Standard.output(format == .csv ? table.csv : table.jsonLines)
    }
  }
}
