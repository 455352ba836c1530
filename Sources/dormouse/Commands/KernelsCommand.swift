import ArgumentParser
import JSON
import Reports
import TensorsOpenCL

/// The command for developers that lists the kernels for `Scripts/check-gpu-code`.
struct KernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "List the kernels and the compiler options of every kind of GPU.",
    discussion: """
      For developers. It needs no OpenCL device. With --json each line also has the kernel's whole text. \
      Scripts/check-gpu-code compiles these texts for real GPUs.
      """,
    shouldDisplay: false)

  @Flag(help: "JSON lines on standard output.")
  var json = false

  func run() throws {
    try reportingFailures {
      if json {
        for variant in KernelVariant.all { try Standard.output(JSONLines.visibleLine(variant)) }
        return
      }
      let table = Table(
        caption: "", columns: [.init("GPU"), .init("Kernel"), .init("Options")],
        rows: KernelVariant.all.map {
          [.text($0.gpu.rawValue), .text($0.kernel), .text($0.options)]
        })
      try Standard.output(table.plainText)
    }
  }
}
