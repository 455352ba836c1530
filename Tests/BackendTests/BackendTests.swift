import Conformance
import OpenCL
import Tensors
import TensorsOpenCL
import TestSupport
import Testing

/// Every operation of the tensor contract on every backend of this machine.
///
/// Serial: the suites share one backend per choice, and a backend belongs to one thread.
@Suite(.serialized)
struct BackendTests {
  /// Kernels of GPUs are tested on CPU devices too, and those of vectors on GPUs.
  @Test(
    .enabled(
      if: !openCLDevices.isEmpty,
      "no OpenCL device was found: operations are tested on the CPU backend only"))
  func everyDeviceIsTestedInEveryStyle() throws {
    let backends = try availableBackends.compactMap {
      try SharedBackends.backend($0) as? OpenCLBackend
    }
    for device in openCLDevices {
      let styles = backends.filter { $0.device.selector == device.selector }.map(\.style)
      #expect(Set(styles) == Set(OpenCLBackend.Style.allCases), "\(device.selector)")
    }
  }
}

/// The backends of the serial suite, made at their first use, so that a program is built once and
/// memory is handed out again and again as in a run.
enum SharedBackends {
  // Only tests of the serial suite above come here, one at a time.
  nonisolated(unsafe) private static var made: [BackendChoice: any Backend] = [:]

  static func backend(_ choice: BackendChoice) throws -> any Backend {
    if let backend = made[choice] { return backend }
    let backend = try choice.makeBackend()
    made[choice] = backend
    return backend
  }
}

/// Records an issue where values differ, without printing thousands of them.
func expectSame<Value: Equatable>(
  _ actual: Value, _ expected: Value, _ name: String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let isSame = actual == expected
  #expect(
    isSame, "\(name)\(Trace.description.isEmpty ? "" : ", \(Trace.description)")",
    sourceLocation: sourceLocation)
}

/// The layouts of guarded tensors in turn, so that a list of cases meets all of them.
func layout(_ number: Int) -> GuardedTensors.Layout {
  GuardedTensors.Layout.allCases[number % GuardedTensors.Layout.allCases.count]
}
