import OpenCL
import TestSupport
import Testing

@Suite struct PretendedPropertiesTests {
  @Test func everyPropertyIsRead() throws {
    let read = try PretendedProperties(
      parsing:
        "kind=gpu,vendor=Intel,version=NEO,units=512,memory=9,allocation=8,local=7,group=6,kernelGroup=5,wave=64,fma=no"
    )
    var expected = PretendedProperties()
    (expected.kind, expected.vendor, expected.units) = (.gpu, "Intel", 512)
    expected.version = "NEO"
    (expected.memory, expected.allocation, expected.local) = (9, 8, 7)
    (expected.group, expected.kernelGroup, expected.wave, expected.fma) = (6, 5, 64, false)
    #expect(read == expected)
    #expect(try PretendedProperties(parsing: "") == PretendedProperties())
  }

  @Test(arguments: ["units=0", "units", "kind=tpu", "fma=maybe", "warp=32", "wave=-1"])
  func otherPairsAreRefused(_ pair: String) {
    let error = #expect(throws: PretendedPropertiesError.self) {
      try PretendedProperties(parsing: "vendor=AMD,\(pair)")
    }
    #expect(
      error?.description
        == "DORMOUSE_PRETEND: expected kind=cpu|gpu|accelerator|other, vendor=TEXT, version=TEXT, fma=yes|no, "
        + "or units, memory, allocation, local, group, kernelGroup, wave or vector with a number above 0, "
        + "found \"\(pair)\""
    )
  }

  /// A device seems to be another one, and its parts do too.
  @Test func aDeviceSeemsToBeAnother() throws {
    let real = openCLDevices
    let pretended = try Platform.all(
      pretending: PretendedProperties(
        parsing: "kind=gpu,vendor=Intel(R) Corporation,units=512,wave=64,fma=no,allocation=1048576")
    ).flatMap(\.devices)
    #expect(pretended.count == real.count)
    for (device, original) in zip(pretended, real) {
      #expect(device.name == original.name && device.kind == .gpu && device.isIntelGPU)
      #expect(device.computeUnits == 512 && device.cores == 32)
      #expect(device.waveWidth == 64 && !device.hasFastFMA)
      #expect(device.maximumAllocation == 1 << 20 && device.localMemory == original.localMemory)
      for part in device.parts(of: 1) { #expect(part.kind == .gpu && part.waveWidth == 64) }
    }
  }

  /// No buffer is larger than the device's limit. Intel's driver makes larger ones if it is asked for them.
  @Test(arguments: openCLDevices)
  func buffersStayBelowTheLimit(_ device: Device) throws {
    func pretending(_ text: String) throws -> Device {
      try device.pretending(PretendedProperties(parsing: text))
    }
    let small = try pretending("allocation=4096")
    let context = try Context(small, programCache: nil)
    _ = try context.makeBuffer(byteCount: 4096)
    let error = #expect(throws: OpenCLError.self) { try context.makeBuffer(byteCount: 4100) }
    #expect(error?.code == .invalidBufferSize && error?.byteCount == 4100)

    let (limit, memory) = (4 << 30 - 4096, 16 << 30)
    let sizes = "allocation=\(limit),memory=\(memory)"
    let intel = try pretending(
      "kind=gpu,vendor=Intel(R) Corporation,version=OpenCL 3.0 NEO,\(sizes)")
    #expect(intel.largestBuffer == memory)
    #expect(Buffer.flags(byteCount: limit, on: intel) == 1)
    #expect(Buffer.flags(byteCount: limit + 4, on: intel) == 1 | 1 << 23)
    for other in [
      "kind=gpu,vendor=Intel,version=OpenCL 3.0 (rusticl)", "kind=gpu,vendor=NVIDIA Corporation",
      "kind=cpu,vendor=Intel,version=OpenCL 3.0 NEO",
    ] {
      let device = try pretending("\(other),\(sizes)")
      #expect(device.largestBuffer == limit, "\(other)")
      #expect(Buffer.flags(byteCount: limit + 4, on: device) == 1, "\(other)")
    }
  }
}
