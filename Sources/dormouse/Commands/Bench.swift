public import ArgumentParser
import JSON
import Reports
import Studies
public import Tensors
import TensorsCPU
import TensorsOpenCL
import Text
import Transformers

struct Bench: ParsableCommand {
  enum Part: String, CaseIterable {
    case products, attention, training, cohorts, generation
  }

  static let configuration = CommandConfiguration(
    abstract: "Measure the speed of this device.",
    discussion: """
      Measures the bandwidth of a copy, then matrix products and attention in the shapes of a small \
      study, training in tokens per second by model size and number of replicas, and generation. \
      Numbers are medians over rounds. Stop other programs first.

      Scripts/compare-with-pytorch measures the same models in PyTorch and in Dormouse.
      """)

  @OptionGroup var device: DeviceOptions
  @Option(
    help:
      "The part to measure: \(Part.allCases.map(\.rawValue).joined(separator: ", ")). Without it, all."
  )
  var only: [String] = []
  @Option(
    help:
      "Models to measure, such as 0.9M. Without it, all on a GPU, and all but the largest on a CPU."
  )
  var model: [String] = []
  @Option(help: "Sides of square products. Without it, 2048, 1024, 512 and 256.")
  var square: [Int] = []
  @Option(
    help: ArgumentHelp(
      "Sizes of attention, in place of the models': batch, positions, heads, head width.",
      valueName: "B,T,H,D"))
  var shape: [AttentionSizes] = []
  @Flag(help: "Round the operands of products to bfloat16.")
  var bfloat16 = false
  @Option(
    help: "Replicas of models and of their products. Without it, 16 for cohorts and 1 otherwise.")
  var replicas: Int?
  @Option(help: "Rounds over which the median is taken.")
  var rounds = 5
  @Flag(
    help:
      "Print the commands of a training step on an OpenCL device: launches, bytes that they must move, operations, and the measured time."
  )
  var kernels = false
  @Flag(
    name: .customLong("count-only"),
    help: "With --kernels: count the commands of a training step and measure nothing.")
  var countOnly = false
  @Option(
    help: ArgumentHelp(
      "With --kernels: the bandwidth of a device, for a prediction of the time of each command.",
      valueName: "GB/s"))
  var bandwidth: Double?
  @Option(
    help: ArgumentHelp(
      "With --kernels: the arithmetic speed of a device, for the prediction.",
      valueName: "GFLOP/s"))
  var peak: Double?
  @Option(
    name: .customLong("launch-time"),
    help: ArgumentHelp(
      "With --kernels: the time that a device takes for each command, for the prediction.",
      valueName: "µs"))
  var launchTime: Double?
  @Flag(
    name: .customLong("against-openblas"),
    help: "Measure products in turn with those of OpenBLAS on all processors.")
  var againstOpenBLAS = false
  @Flag(help: "JSON lines on standard output.")
  var json = false

  func validate() throws {
    guard (1...1000).contains(rounds) else {
      throw ValidationError("--rounds: expected 1 to 1000, found \(rounds).")
    }
    guard (1...1024).contains(replicas ?? 1) else {
      throw ValidationError("--replicas: expected 1 to 1024, found \(replicas ?? 1).")
    }
    try DeviceBench.validate(squares: square)
    if !square.isEmpty && !only.contains(Part.products.rawValue) {
      throw ValidationError("--square is for products only; add --only products.")
    }
    if !shape.isEmpty && !only.contains(Part.attention.rawValue) {
      throw ValidationError("--shape is for attention only; add --only attention.")
    }
    if bfloat16 && againstOpenBLAS {
      throw ValidationError(
        "--against-openblas compares products of float32; remove --bfloat16.")
    }
    try BenchModel.validate(model)
    let numbers = [("bandwidth", bandwidth), ("peak", peak), ("launch-time", launchTime)]
    for (name, value) in numbers {
      guard let value else { continue }
      guard value.isFinite && value > 0 else {
        throw ValidationError("--\(name): expected a number above 0, found \(value).")
      }
    }
    if !kernels && (countOnly || numbers.contains { $0.1 != nil }) {
      throw ValidationError(
        "--count-only, --bandwidth, --peak and --launch-time are for --kernels; add it.")
    }
  }

  /// Prints the commands of a training step.
  private func printStep(
    of model: BenchModel, on backend: OpenCLBackend,
    measured: [String: (seconds: Double, share: Double)]
  ) throws {
    let rows = try StepModel(of: model, replicas: replicas ?? 1, on: backend).rows(
      StepModel.Device(
        bandwidth: bandwidth.map { $0 * 1e9 }, peak: peak.map { $0 * 1e9 },
        launchTime: launchTime.map { $0 * 1e-6 }),
      measured: measured)
    guard !json else { return try rows.forEach { try Standard.output(JSONLines.visibleLine($0)) } }
    try Standard.output("  \(model.name), R \(replicas ?? 1)\n" + StepModel.Row.heading + "\n")
    for row in rows { try Standard.output(row.line + "\n") }
  }

  func run() throws {
    try reportingFailures {
      let parts = only.isEmpty ? Part.allCases : try only.map { try choice("--only", $0) }
      let backend = try device.makeBackend(keepsTimes: kernels, describesUnits: bfloat16)
      let counted = kernels ? backend as? OpenCLBackend : nil
      if kernels && counted == nil {
        throw CommandFault(
          line: "--kernels is for OpenCL devices, and \(backend.device.selector) is none; "
            + "choose another --device",
          exitCode: .badUse)
      }
      if countOnly, let counted {
        let models =
          model.isEmpty ? BenchModel.all : BenchModel.all.filter { model.contains($0.name) }
        return try models.forEach {
          try printStep(
            of: $0.with(bfloat16 ? .bfloat16 : .float32), on: counted, measured: [:])
        }
      }
      Standard.error("Measuring \(backend.device.name) (\(backend.device.selector))\n")
      let bench = DeviceBench(
        backend: backend, rounds: rounds, precision: bfloat16 ? .bfloat16 : .float32,
        comparesWithOpenBLAS: againstOpenBLAS
      ) { row in
        try Standard.output(
          json ? JSONLines.visibleLine(row) : row.line + "\n")
      }
      let models =
        (model.isEmpty
        ? BenchModel.usual(on: backend) : BenchModel.all.filter { model.contains($0.name) })
        .map { $0.with(bench.precision) }
      if only.isEmpty { try bench.measureCopy() }
      defer {
        if let mean = bench.meanOpenBLASRatio {
          Standard.error(
            "Geometric mean of \(bench.openBLASRatios.count) products: "
              + "\(NumberText.fixed(mean, decimals: 3)) of OpenBLAS (core \(OpenBLASProduct.core))\n"
          )
        }
      }
      for part in parts {
        switch part {
        case .products:
          if model.isEmpty || !square.isEmpty {
            for size in square.isEmpty ? [2048, 1024, 512, 256] : square {
              for product in DeviceBench.squares(size) { try bench.measure(product) }
            }
          }
          // With --square and without --model only square products are measured.
          for model in square.isEmpty || !self.model.isEmpty ? models : [] {
            for product in DeviceBench.products(of: model) {
              try bench.measure(product, replicas: replicas ?? 1)
            }
          }
        case .attention:
          for shape in shape.isEmpty ? models.map(\.attention) : shape {
            try bench.measureAttention(shape)
          }
        case .training:
          for model in models {
            try bench.measureTraining(of: model, replicas: replicas ?? 1)
            if let counted { try printStep(of: model, on: counted, measured: bench.kernelTimes) }
          }
        case .cohorts:
          for model in models.prefix(2) {
            try bench.measureTraining(of: model, replicas: replicas ?? 16)
          }
        case .generation:
          for model in models where self.model.contains(model.name) || model.name == "0.9M" {
            try bench.measureGeneration(of: model, batch: 512, prompt: 64, new: 64)
          }
        }
      }
    }
  }
}

extension AttentionSizes: ExpressibleByArgument {
  /// Reads "B,T,H,D". Nil if the text is not four sizes in their ranges.
  public init?(argument: String) {
    let sizes = argument.split(separator: ",").map { Int($0) ?? 0 }
    guard sizes.count == 4, sizes.allSatisfy({ (1...65536).contains($0) }), sizes[3] % 2 == 0,
      sizes[3] <= Self.maximumHeadWidth
    else { return nil }
    self.init(batch: sizes[0], positions: sizes[1], heads: sizes[2], headWidth: sizes[3])
  }
}
