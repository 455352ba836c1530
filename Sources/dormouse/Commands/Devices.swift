import JSON
import ArgumentParser
import OpenCL
import Reports
import Studies

struct Devices: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List the devices that studies can run on.",
    discussion: """
      Numbers are those of `clinfo -l`. The device `cpu` needs no OpenCL and always exists. To use a GPU, \
      install the OpenCL driver of its vendor, then check it with `dormouse check-device --device ...`.
      """)

  @Flag(help: "JSON lines on standard output.")
  var json = false

  func run() throws {
    try reportingFailures {
      let platforms = try Platform.all()
      let chosen = try DeviceSelection.automatic.choose(from: platforms)?.selector ?? "cpu"
      var rows = platforms.flatMap { platform in
        platform.devices.map { device in
          Row(
            version: 1, selector: device.selector, kind: device.kind.rawValue, name: device.name,
            platform: platform.name, driver: device.driverVersion, memory: device.globalMemory,
            computeUnits: device.computeUnits, isDefault: device.selector == chosen)
        }
      }
      rows.append(
        Row(
          version: 1, selector: "cpu", kind: "cpu", name: "the CPU backend, without OpenCL",
          platform: "", driver: "", memory: nil, computeUnits: nil, isDefault: chosen == "cpu"))
      if json {
        for row in rows {
          try Standard.output(JSONLines.visibleLine(row))
        }
        return
      }
      let table = Table(
        caption: "",
        columns: [
          .init("Device"), .init("Kind"), .init("Name"), .init("Platform"), .number("Units"),
          .number("Memory"),
        ],
        rows: rows.map { row in
          [
            .text(row.selector + (row.isDefault ? " *" : "")), .text(row.kind), .text(row.name),
            .text(row.platform), .text(row.computeUnits.map(String.init) ?? ""),
            .text(row.memory.map(NumberText.bytes) ?? ""),
          ]
        })
      try Standard.output(table.plainText + "* is the device that --device auto chooses.\n")
      if !rows.contains(where: { $0.kind == "gpu" }) {
        try Standard.output(
          "No GPU was found. A GPU needs the OpenCL driver of its vendor: for NVIDIA it comes with the "
            + "driver, for Intel it is intel-opencl-icd, for AMD rocm-opencl or mesa-opencl-icd.\n")
      }
      for platform in platforms {
        if let failure = platform.failure {
          Standard.error("\(platform.name): cannot be used: \(failure)\n")
        }
      }
    }
  }

  private struct Row: Codable {
    var version: Int
    var selector: String
    var kind: String
    var name: String
    var platform: String
    var driver: String
    var memory: Int?
    var computeUnits: Int?
    var isDefault: Bool
  }
}
