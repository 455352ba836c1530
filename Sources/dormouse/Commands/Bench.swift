public import ArgumentParser
import JSON
import Reports
import Studies
public import Tensors
import TensorsCPU
import Transformers

struct Bench: ParsableCommand {
  enum Part: String, CaseIterable, ExpressibleByArgument {
    case products, attention, training, cohorts, generation
  }

  static let configuration = CommandConfiguration(
    abstract: "Measure how fast this device is.",
    discussion: """
      Ceilings first (a copy's bandwidth), then matrix products and attention at a small study's \
      shapes, training in tokens per second by model size and number of replicas, and generation. \
      Medians over rounds. Nothing else should run meanwhile.

      Scripts/compare-with-pytorch measures the same models in PyTorch beside ours.
      """)

  @OptionGroup var device: DeviceOptions
  @Option(
    help:
      "What to measure: \(Part.allCases.map(\.rawValue).joined(separator: ", ")); all unless given."
  )
  var only: [Part] = []
  @Option(help: "Models to measure, such as 0.9M; all but the largest unless given, on a GPU all.")
  var model: [String] = []
  @Option(help: "Sides of square products; 2048, 1024, 512 and 256 unless given.")
  var square: [Int] = []
  @Option(
    help: ArgumentHelp(
      "Attention at other sizes than the models': batch, positions, heads, head width.",
      valueName: "B,T,H,D"))
  var shape: [AttentionSizes] = []
  @Flag(help: "Round the operands of products to bfloat16.")
  var bfloat16 = false
  @Option(help: "Replicas of models and their products; 1, for cohorts 16, unless given.")
  var replicas: Int?
  @Option(help: "Rounds of which the median is taken.")
  var rounds = 5
  @Flag(
    help:
      "Show each kernel's share of a training step and its launches, by an OpenCL device's clock.")
  var kernels = false
  @Flag(
    name: .customLong("against-openblas"),
    help: "Measure products against OpenBLAS's on all processors, alternating.")
  var againstOpenBLAS = false
  @Flag(help: "JSON lines on standard output.")
  var json = false

  func validate() throws {
    guard (1...1000).contains(rounds) else {
      throw ValidationError("--rounds must be 1 to 1000, found \(rounds).")
    }
    guard (1...1024).contains(replicas ?? 1) else {
      throw ValidationError("--replicas must be 1 to 1024, found \(replicas ?? 1).")
    }
    try DeviceBench.validate(squares: square)
    if !square.isEmpty && !only.contains(.products) {
      throw ValidationError("--square is a side of products; add --only products.")
    }
    if !shape.isEmpty && !only.contains(.attention) {
      throw ValidationError("--shape is of an attention; add --only attention.")
    }
    if bfloat16 && againstOpenBLAS {
      throw ValidationError(
        "--against-openblas compares products of float32; leave --bfloat16 out.")
    }
    try BenchModel.validate(model)
  }

  func run() throws {
    try reportingFailures {
      let backend = try device.makeBackend(keepsTimes: kernels, describesUnits: bfloat16)
      Standard.error("Measuring \(backend.device.name) (\(backend.device.selector))\n")
      let bench = DeviceBench(
        backend: backend, rounds: rounds, precision: bfloat16 ? .bfloat16 : .float32,
        comparesWithOpenBLAS: againstOpenBLAS
      ) { row in
        try Standard.output(
          json ? String(decoding: try JSONLines.line(row), as: UTF8.self) : row.line + "\n")
      }
      let parts = only.isEmpty ? Part.allCases : only
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
          // A square asked for is all that is asked for, unless a model is too.
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
            guard kernels else { continue }
            for (kernel, part) in bench.kernelShares.sorted(by: { $0.value.share > $1.value.share })
            {
              Standard.error("  \(NumberText.percent(part.share)) \(kernel), \(part.launches)\n")
            }
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
  /// Reads "B,T,H,D".
  public init?(argument: String) {
    let sizes = argument.split(separator: ",").map { Int($0) ?? 0 }
    guard sizes.count == 4, sizes.allSatisfy({ (1...65536).contains($0) }), sizes[3] % 2 == 0,
      sizes[3] <= Self.maximumHeadWidth
    else { return nil }
    self.init(batch: sizes[0], positions: sizes[1], heads: sizes[2], headWidth: sizes[3])
  }
}
