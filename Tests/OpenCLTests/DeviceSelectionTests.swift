import Foundation
import OpenCL
import Testing

@Suite struct DeviceSelectionTests {
  @Test(
    arguments: [
      ("auto", .automatic), ("gpu", .gpu), ("cpu", .cpu),
      ("opencl:0:0", .opencl(platform: 0, device: 0)),
      ("opencl:12:3", .opencl(platform: 12, device: 3)),
      ("name=H100", .named("H100")), ("name=a=b:c d", .named("a=b:c d")),
    ] as [(String, DeviceSelection)])
  func parses(_ text: String, _ selection: DeviceSelection) throws {
    #expect(try DeviceSelection(parsing: text) == selection)
    #expect(selection.description == text)
  }

  @Test(arguments: [
    "foo", "", "AUTO", " gpu", "gpu:0", "opencl", "opencl:", "opencl:0", "opencl:0:", "opencl::0",
    "opencl:0:0:0", "opencl:+1:0", "opencl:-1:0", "opencl:0:1.0", "opencl:0: 1",
    "opencl:99999999999999999999:0", "OpenCL:0:0", "name", "name=",
  ])
  func refuses(_ text: String) {
    #expect(throws: DeviceSelectionError.unknownSelector(text)) {
      try DeviceSelection(parsing: text)
    }
  }

  @Test(
    arguments: [
      (
        .unknownSelector("foo"),
        """
        unknown device "foo": expected auto, gpu, cpu, opencl:P:D or name=TEXT (dormouse devices \
        lists them)
        """
      ),
      (
        .unknownSelector("a\u{1b}[2J\n"),
        """
        unknown device "a\\x1b[2J\\n": expected auto, gpu, cpu, opencl:P:D or name=TEXT (dormouse \
        devices lists them)
        """
      ),
      (.noGPU(found: []), "no OpenCL GPU: no OpenCL device was found"),
      (
        .noGPU(found: ["opencl:0:0 pthread (cpu)"]),
        "no OpenCL GPU: found opencl:0:0 pthread (cpu)"
      ),
      (
        .noDevice(platform: 1, device: 2, found: ["opencl:0:0 a (cpu)", "opencl:2:0 b (gpu)"]),
        "no device opencl:1:2: found opencl:0:0 a (cpu), opencl:2:0 b (gpu)"
      ),
      (
        .noDeviceNamed("H100", found: []),
        "no OpenCL device whose name contains \"H100\": no OpenCL device was found"
      ),
    ] as [(DeviceSelectionError, String)])
  func errorText(_ error: DeviceSelectionError, _ text: String) {
    #expect(error.description == text)
  }

  /// Platforms by the kinds of their devices; the second is empty in every one.
  private static func platforms(_ kinds: [[Device.Kind]]) -> [Platform] {
    kinds.enumerated().map { platform, kinds in
      Platform(
        index: platform, name: "P\(platform)", vendor: "", version: "",
        devices: kinds.enumerated().map { index, kind in
          // Never given to OpenCL.
          let nowhere = OpaquePointer(bitPattern: 1)!
          return Device(
            platformIndex: platform, index: index, name: "Big \(kind.rawValue) \(platform)\(index)",
            kind: kind, handle: nowhere, platformHandle: nowhere)
        })
    }
  }

  private static let none: [[Device.Kind]] = []
  private static let cpuOnly: [[Device.Kind]] = [[.accelerator, .cpu], [], [.cpu]]
  private static let mixed: [[Device.Kind]] = [[.cpu], [], [.other, .gpu], [.gpu]]

  @Test(
    arguments: [
      ("auto", none, nil), ("auto", [[], []], nil), ("auto", [[.accelerator]], nil),
      ("auto", cpuOnly, "opencl:0:1"), ("auto", mixed, "opencl:2:1"),
      ("gpu", mixed, "opencl:2:1"), ("gpu", [[.gpu], [.gpu]], "opencl:0:0"),
      ("cpu", none, nil), ("cpu", cpuOnly, nil), ("cpu", mixed, nil),
      ("opencl:2:0", cpuOnly, "opencl:2:0"), ("opencl:0:1", cpuOnly, "opencl:0:1"),
      ("opencl:3:0", mixed, "opencl:3:0"),
      ("name=GPU", mixed, "opencl:2:1"), ("name=gpu 30", mixed, "opencl:3:0"),
      ("name=big", mixed, "opencl:0:0"),
    ] as [(String, [[Device.Kind]], String?)])
  func chooses(_ text: String, _ kinds: [[Device.Kind]], _ selector: String?) throws {
    let device = try DeviceSelection(parsing: text).choose(from: Self.platforms(kinds))
    #expect(device?.selector == selector)
  }

  @Test(
    arguments: [
      ("gpu", none, "no OpenCL GPU: no OpenCL device was found"),
      (
        "gpu", cpuOnly,
        """
        no OpenCL GPU: found opencl:0:0 Big accelerator 00 (accelerator), opencl:0:1 Big cpu 01 \
        (cpu), opencl:2:0 Big cpu 20 (cpu)
        """
      ),
      ("opencl:0:0", none, "no device opencl:0:0: no OpenCL device was found"),
      ("opencl:1:0", [[.cpu], []], "no device opencl:1:0: found opencl:0:0 Big cpu 00 (cpu)"),
      ("opencl:0:1", [[.cpu]], "no device opencl:0:1: found opencl:0:0 Big cpu 00 (cpu)"),
      (
        "name=H100", [[.gpu]],
        "no OpenCL device whose name contains \"H100\": found opencl:0:0 Big gpu 00 (gpu)"
      ),
    ] as [(String, [[Device.Kind]], String)])
  func failsToChoose(_ text: String, _ kinds: [[Device.Kind]], _ message: String) throws {
    let selection = try DeviceSelection(parsing: text)
    let error = try #require(throws: DeviceSelectionError.self) {
      try selection.choose(from: Self.platforms(kinds))
    }
    #expect(error.description == message)
  }
}
