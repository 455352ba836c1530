import Kernels
import OpenCL
public import Tensors

/// A rehearsal on an OpenCL device: the kernels that calls would launch, with their compile-time
/// constants.
public final class KernelRehearsal: Rehearsal {
  private let rehearsing: OpenCLBackend
  private let list: KernelList

  /// - Parameter original: The backend on whose device the calls would run.
  public init(_ original: OpenCLBackend) {
    list = KernelList()
    rehearsing = OpenCLBackend(rehearsing: original, into: list)
  }

  public var backend: any Backend { rehearsing }

  /// The kernels that the calls so far would launch: names, constants, and the options of the first attempt
  /// to build them.
  package var requested: [(kernel: String, constants: [String: Int], options: String)] {
    list.requests.map {
      ($0.program.kernelName, $0.constants, $0.backend.build.preferredOptions($0.constants))
    }
  }

  /// Returns the commands that the calls since the last call of this function would enqueue.
  public func takeCommands() -> CommandCounts {
    defer { list.commands = CommandCounts() }
    return list.commands
  }

  public func compile(_ report: (_ done: Int, _ total: Int) throws -> Void) throws {
    let missing = list.missing
    guard !missing.isEmpty else { return }
    for (done, request) in missing.enumerated() {
      try report(done, missing.count)
      // A kernel that a device cannot build is replaced by one with a smaller tile at its first launch.
      do {
        _ = try request.backend.kernel(request.program, constants: request.constants)
      } catch  where request.constants.keys.contains(where: { $0.hasPrefix("TILE") }) {
        continue
      }
    }
    try report(missing.count, missing.count)
  }
}

/// The requested kernels, each once, in the order of their first call.
final class KernelList {
  /// A kernel of a backend, and the constants of its program.
  struct Request {
    let backend: OpenCLBackend
    let program: KernelProgram
    let constants: [String: Int]
  }

  private(set) var requests: [Request] = []
  /// The commands of the calls, also of kernels that are known.
  var commands = CommandCounts()
  private var known: Set<String> = []

  func add(_ program: KernelProgram, _ constants: [String: Int], of backend: OpenCLBackend) {
    // Parts of one device share compiled programs. If they do not, their options differ.
    let name = program.rawValue + backend.options(constants)
    if known.insert(name).inserted {
      requests.append(Request(backend: backend, program: program, constants: constants))
    }
  }

  /// The requests that are not compiled yet.
  var missing: [Request] {
    requests.filter { !$0.backend.isCompiled($0.program, constants: $0.constants) }
  }
}

/// Memory of a tensor without elements.
final class RehearsedStorage: Storage {
  let byteCount: Int
  init(byteCount: Int) { self.byteCount = byteCount }
}
