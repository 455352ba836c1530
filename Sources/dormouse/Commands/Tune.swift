import Text
import JSON
import ArgumentParser
import Reports
import Studies
import Tensors
import TensorsOpenCL

struct Tune: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the fastest way to cut matrix products on this device.",
    discussion: """
      Tries every tiling that the device can run on the products of the models that bench measures, \
      after checking that each makes the right numbers and the same bytes. What is found is kept in the \
      cache folder (DORMOUSE_CACHE) for this device, driver and version, and used by every later \
      command. No result changes: only its time. Nothing else should run meanwhile.

      A tuning that is stopped goes on where it was.
      """)

  @OptionGroup var device: DeviceOptions
  @Option(
    help:
      "Models whose products are tuned, such as 0.9M; all but the largest unless given, on a GPU all."
  )
  var model: [String] = []
  @Option(help: "Sides of square products to tune instead, unless a model is named too.")
  var square: [Int] = []
  @Option(help: "Replicas of a cohort; 1 unless given.")
  var replicas: [Int] = []
  @Option(help: "Stop after so many seconds.")
  var budget: Int?
  @Option(help: "Rounds of which the median is taken.")
  var rounds = 5
  @Flag(help: "Tune again what is kept.")
  var again = false
  @Flag(help: "JSON lines on standard output.")
  var json = false

  func validate() throws {
    guard (1...1000).contains(rounds) else {
      throw ValidationError("--rounds must be 1 to 1000, found \(rounds).")
    }
    guard (1...).contains(budget ?? 1) else {
      throw ValidationError("--budget must be at least a second, found \(budget ?? 1).")
    }
    if let wrong = replicas.first(where: { !(1...1024).contains($0) }) {
      throw ValidationError("--replicas must be 1 to 1024, found \(wrong).")
    }
    try BenchModel.validate(model)
    try DeviceBench.validate(squares: square)
  }

  func run() throws {
    try reportingFailures {
      guard let backend = try device.makeBackend(describesUnits: true) as? OpenCLBackend else {
        throw CommandFault(
          line: "the CPU backend has nothing to tune: its products are OpenBLAS's",
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
          Standard.error("The budget is spent; the same command again goes on.\n")
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
            ? String(decoding: try JSONLines.line(entry), as: UTF8.self) : Self.line(entry) + "\n")
      }
      Standard.error("Kept: \(tuner.record.entries.count) shapes, \(tuner.record.name)\n")
    }
  }

  /// One shape of each bucket, in the order in which models grow.
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

  private static func line(_ entry: TuningRecord.Entry) -> String {
    let times = entry.outcomes.map(\.median)
    let chosen = entry.outcomes.first { $0.tiling == entry.chosen }?.median ?? 0
    return "\(entry.shape)".padding(toLength: 32) + "\(entry.chosen)".padding(toLength: 28)
      + NumberText.significant(chosen * 1e6).leftPadding(toLength: 10) + " µs, "
      + "\(NumberText.fixed((times.max() ?? 0) / chosen, decimals: 2)) times as fast as the slowest"
  }
}
