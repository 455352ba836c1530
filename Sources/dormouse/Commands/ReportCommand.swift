import ArgumentParser
import Findings
import Foundation
import Studies

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the report of a finished run again: one HTML file without other files.")

  @Argument(help: ArgumentHelp("The output folder of a run.", valueName: "folder"))
  var folder: String

  func run() throws {
    try reportingFailures {
      let url = URL(fileURLWithPath: folder)
      let loaded = try ReportFile.study(in: url)
      let report = try ReportFile.write(
        loaded, folder: url, store: Store(root: url))
      Standard.prose("\(report.answer)\n\n")
      try Standard.output(report.path + "\n")
    }
  }
}
