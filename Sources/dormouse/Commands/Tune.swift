import Text
import JSON
import ArgumentParser
import Reports
import Studies
import Tensors
import TensorsOpenCL
import Transformers

struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the fastest tilings of matrix products on this device.",
    discussion: """
      Times every tiling that the device can run, on the products of the models of `bench`. First it \
      checks that each tiling gives the right numbers and the same bytes. The fastest tilings are kept in \
      the cache folder (DORMOUSE_CACHE) for this device, driver and version, and every later command uses \
      them. Results do not change, only their time. Stop other programs first.

      --attention also tunes attention on a GPU. Another tile of its forward pass changes the last bits of \
      results. So it counts as another device: `run` refuses to go on in a folder with results of the \
      earlier tile.

      After a stop the same command resumes.
      """)

  @OptionGroup var device: DeviceOptions
  @Option(
    help:
      "Models whose products are tuned, such as 0.9M. Without it, all on a GPU, and all but the largest on a CPU."
  )
  var model: [String] = []
  @Option(help: "Sides of square products to tune. Without --model only these are tuned.")
  var square: [Int] = []
  @Option(help: "Replicas of a cohort. Without it, 1.")
  var replicas: [Int] = []
  @Option(help: "The time in seconds after which no further product is tuned.")
  var budget: Int?
  @Option(help: "Rounds over which the median is taken.")
  var rounds = 5
  @Flag(help: "Tune attention too, on a GPU. This can change the last bits of results.")
  var attention = false
  @Flag(help: "Tune products again that have a kept tiling.")
  var again = false
  @Flag(help: "JSON lines on standard output.")
  var json = false

  func validate() throws {
    guard (1...1000).contains(rounds) else {
      throw ValidationError("--rounds: expected 1 to 1000, found \(rounds).")
    }
    guard (1...).contains(budget ?? 1) else {
      throw ValidationError("--budget: expected at least 1, found \(budget ?? 1).")
    }
    if let wrong = replicas.first(where: { !(1...1024).contains($0) }) {
      throw ValidationError("--replicas: expected 1 to 1024, found \(wrong).")
    }
    try BenchModel.validate(model)
    try DeviceBench.validate(squares: square)
  }

  func run() throws {
    try reportingFailures {
      guard let backend = try device.makeBackend(describesUnits: true) as? OpenCLBackend else {
        throw CommandFault(
          line:
            "the CPU backend has no tilings, because OpenBLAS computes its products; choose an OpenCL "
            + "device with --device",
          exitCode: .unavailable)
      }
      Standard.error("Tuning \(backend.device.name) (\(backend.device.selector))\n")
      let tuner = ProductTuner(backend)
      let start = ContinuousClock.now
      for shape in shapes(
        of: backend.matrixUnits == nil ? [.float32] : Precision.allCases,
        model.isEmpty
          ? BenchModel.usual(on: backend) : BenchModel.all.filter { model.contains($0.name) })
      where again || tuner.record.entry(for: shape) == nil {
        if let budget, ContinuousClock.now - start > .seconds(budget) {
          Standard.error("The time of --budget is over; the same command again resumes.\n")
          break
        }
        let entry: TuningRecord.Entry
        do { entry = try tuner.tune(shape, rounds: rounds) } catch let wrong
          as ProductTuner.WrongProduct
        {
          throw CommandFault(line: "\(wrong)", exitCode: .failed)
        }
        try Standard.output(
          json
            ? JSONLines.visibleLine(entry) : Self.line(entry) + "\n")
      }
      var record = tuner.record
      if attention { record = try tuneAttention(on: backend, record, since: start) }
      Standard.error("Kept: \(record.entries.count) shapes, \(record.name)\n")
    }
  }

  /// Tunes attention with the head widths of the models, at the sizes of the largest model of each.
  private func tuneAttention(
    on backend: OpenCLBackend, _ record: TuningRecord, since start: ContinuousClock.Instant
  ) throws -> TuningRecord {
    let tuner = AttentionTuner(backend, record: record)
    let models =
      model.isEmpty
      ? BenchModel.usual(on: backend) : BenchModel.all.filter { model.contains($0.name) }
    let widths = Dictionary(grouping: models, by: \.configuration.headWidth)
    for (width, models) in widths.sorted(by: { $0.key < $1.key }) {
      guard let model = models.max(by: { $0.configuration.channels < $1.configuration.channels }),
        again || tuner.record.entry(for: .gradientKey, headWidth: width) == nil
      else { continue }
      if let budget, ContinuousClock.now - start > .seconds(budget) {
        Standard.error("The time of --budget is over; the same command again resumes.\n")
        break
      }
      let sizes = AttentionSizes(
        replicas: replicas.first ?? 1, batch: model.batch, positions: model.positions,
        heads: model.configuration.heads, headWidth: width)
      let entries: [TuningRecord.AttentionEntry]
      do { entries = try tuner.tune(sizes, rounds: rounds) } catch let wrong
        as AttentionTuner.WrongAttention
      {
        throw CommandFault(line: "\(wrong)", exitCode: .failed)
      }
      for entry in entries {
        try Standard.output(json ? JSONLines.visibleLine(entry) : Self.line(entry) + "\n")
      }
    }
    return tuner.record
  }

  /// One shape of each bucket, in the order of the models' sizes.
  private func shapes(of precisions: [Precision], _ models: [BenchModel]) -> [ProductShape] {
    var known: Set<ProductShape> = []
    let layers = square.isEmpty || !model.isEmpty ? models : []
    let products =
      square.flatMap(DeviceBench.squares) + layers.flatMap(DeviceBench.products)
    return products.flatMap { product in
      (replicas.isEmpty ? [1] : replicas).flatMap { replicas in
        var sizes = product
        sizes.replicas = replicas
        return precisions.map { ProductShape(sizes, $0) }
      }
    }.filter { known.insert($0.bucket).inserted }
  }

  private static func line(_ entry: TuningRecord.AttentionEntry) -> String {
    let times = entry.outcomes.map(\.median)
    let chosen = entry.outcomes.first { $0.tile == entry.chosen }?.median ?? 0
    return "attention, \(entry.kernel.rawValue), D \(entry.headWidth)".padding(toLength: 32)
      + "tiles of \(entry.chosen)".padding(toLength: 28)
      + NumberText.significant(chosen * 1e6).leftPadding(toLength: 10) + " µs, "
      + "\(NumberText.fixed((times.max() ?? 0) / chosen, decimals: 2)) times as fast as the slowest"
  }

  private static func line(_ entry: TuningRecord.Entry) -> String {
    let times = entry.outcomes.map(\.median)
    let chosen = entry.outcomes.first { $0.tiling == entry.chosen }?.median ?? 0
    return "\(entry.shape)".padding(toLength: 32) + "\(entry.chosen)".padding(toLength: 28)
      + NumberText.significant(chosen * 1e6).leftPadding(toLength: 10) + " µs, "
      + "\(NumberText.fixed((times.max() ?? 0) / chosen, decimals: 2)) times as fast as the slowest"
  }
}
