import ArgumentParser
import Reports
import Studies
import Tensors
import TensorsCPU

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
  @Option(help: "Models to measure, such as 0.9M; all unless given.")
  var model: [String] = []
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
    try BenchModel.validate(model)
  }

  func run() throws {
    try reportingFailures {
      let backend = try device.makeBackend(keepsTimes: kernels)
      Standard.error("Measuring \(backend.device.name) (\(backend.device.selector))\n")
      let bench = DeviceBench(
        backend: backend, rounds: rounds, comparesWithOpenBLAS: againstOpenBLAS
      ) { row in
        try Standard.output(
          json ? String(decoding: try JSONLines.line(row), as: UTF8.self) : row.line + "\n")
      }
      let parts = only.isEmpty ? Part.allCases : only
      let models = BenchModel.all.filter { model.isEmpty || model.contains($0.name) }
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
          if model.isEmpty {
            for size in [2048, 1024, 512, 256] {
              for product in DeviceBench.Product.squares(size) { try bench.measure(product) }
            }
          }
          for model in models {
            for product in DeviceBench.products(of: model) {
              try bench.measure(product, replicas: replicas ?? 1)
            }
          }
        case .attention: for model in models { try bench.measureAttention(of: model) }
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
