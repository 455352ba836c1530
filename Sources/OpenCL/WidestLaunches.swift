import COpenCL
import Foundation
import Synchronization

/// The widest launch of every kernel on the PoCL devices of this process.
///
/// PoCL before 7.0 loads a kernel again for a launch that is wider than all its launches before, and counts
/// the uses of each loaded copy. The end of a command subtracts a use from the newest copy, even if the
/// command used an older one. If commands of a kernel run in three queues then, the count falls below 0 and
/// PoCL ends the process (corrected in commit c9ac4c0c3 of pocl/pocl). So a launch that is wider than all
/// before runs while the other queues are idle.
package final class WidestLaunches: Sendable {
  static let shared = WidestLaunches()

  /// The launches that use one loaded copy, if no launch is wider than the first.
  private struct Key: Hashable {
    var program: String
    var kernel: String
    var local: SIMD3<Int>
  }

  private struct State {
    /// The addresses of all queues.
    var queues: Set<UInt> = []
    var widths: [Key: Int] = [:]
  }

  private let state = Mutex(State())

  /// Whether a platform is a PoCL with the fault.
  ///
  /// - Parameter platformVersion: Such as `OpenCL 3.0 PoCL 3.1+debian`.
  package static func areNeeded(_ platformVersion: String) -> Bool {
    guard let name = platformVersion.range(of: "PoCL ") else { return false }
    let major = platformVersion[name.upperBound...].prefix { $0.isNumber }
    return Int(major).map { $0 < 7 } ?? true
  }

  func add(_ queue: OpaquePointer) {
    _ = state.withLock { $0.queues.insert(UInt(bitPattern: queue)) }
  }

  func remove(_ queue: OpaquePointer) {
    _ = state.withLock { $0.queues.remove(UInt(bitPattern: queue)) }
  }

  /// Enqueues a launch, and waits for all queues if it is wider than all before.
  ///
  /// - Parameters:
  ///   - local: Work-items of a work-group; nil if the driver chooses them. Then the copy is not known, and
  ///     the launch waits.
  ///   - enqueue: The call of OpenCL. It returns the call's code.
  func launch(
    _ kernel: Kernel, global: (Int, Int, Int), local: (Int, Int, Int)?, queue: OpaquePointer,
    _ enqueue: () -> cl_int
  ) -> cl_int {
    // PoCL's measure of a launch's width leaves out the third dimension.
    let width = max(global.0, global.1)
    // The lock is held until the launch is enqueued. Otherwise a launch of another thread could follow the wait.
    return state.withLock { state in
      let key = local.map {
        Key(program: kernel.programKey, kernel: kernel.name, local: SIMD3($0.0, $0.1, $0.2))
      }
      if let key, let widest = state.widths[key], width <= widest { return enqueue() }
      for other in state.queues { clFinish(OpaquePointer(bitPattern: other)) }
      let code = enqueue()
      if code == CL_SUCCESS {
        clFinish(queue)
        if let key { state.widths[key] = width }
      }
      return code
    }
  }
}
