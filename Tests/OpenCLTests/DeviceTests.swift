import Foundation
import OpenCL
import Testing

/// Tests that need a device, one after another: they count objects and compilations.
@Suite(.serialized, .enabled(if: hasDevice, "no OpenCL device on this machine"))
struct DeviceTests {
  init() throws {
    device = try #require(try testDevice())
  }

  let device: Device
}

private let hasDevice: Bool = (try? testDevice()) != nil

private func testDevice() throws -> Device? {
  let platforms = try Platform.all()
  return try DeviceSelection.automatic.choose(from: platforms)
}

/// A folder that is gone after `body`.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "dormouse-tests-\(UUID().uuidString)", directoryHint: .isDirectory)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

extension Queue {
  func write<Element: BitwiseCopyable>(
    _ buffer: Buffer, _ values: [Element], blocking: Bool = true
  ) throws {
    try values.withUnsafeBytes { try write(buffer, from: $0, blocking: blocking) }
  }

  func read<Element: BitwiseCopyable & Numeric>(
    _ buffer: Buffer, _ type: Element.Type = Element.self
  ) throws -> [Element] {
    var values = [Element](
      repeating: 0, count: buffer.byteCount / MemoryLayout<Element>.stride)
    try values.withUnsafeMutableBytes { try read(buffer, into: $0) }
    return values
  }
}

let addSource = """
  kernel void add(global const float *x, global const float *y, global float *sum) {
    size_t i = get_global_id(0);
    sum[i] = x[i] + y[i];
  }
  """

/// Writes its arguments where they can be read back.
let echoSource = """
  kernel void echo(global float *out, int a, uint b, long c, ulong d, float e, float4 f) {
    size_t i = get_global_id(0);
    out[6 * i + 0] = a;
    out[6 * i + 1] = b;
    out[6 * i + 2] = c;
    out[6 * i + 3] = d;
    out[6 * i + 4] = e;
    out[6 * i + 5] = f.w;
  }
  """
