import Foundation
import OpenCL
import Synchronization
import Testing

extension DeviceTests {
  /// Without `WidestLaunches` PoCL 3.1 ends the process in four of six rounds: the copies of a new kernel, of a
  /// name of its own, are loaded while three queues run it.
  @Test(arguments: 1...3)
  func wideningLaunchesInManyQueues(_ round: Int) throws {
    let name = "add_\(Int.random(in: 0..<1 << 40))"
    let source = "kernel void \(name)(global float *x) { x[get_global_id(0)] += 1; }"
    // The device and its parts, as in an evaluation of a cohort that they do not divide.
    let devices = [device] + device.parts(of: 1).prefix(7)
    let launches = 3000
    let failures = Failures()
    let done = DispatchSemaphore(value: 0)
    for (thread, device) in devices.enumerated() {
      // More threads than processors: `concurrentPerform` would run the rest later.
      Thread.detachNewThread {
        defer { done.signal() }
        do {
          let context = try Context(device, programCache: nil)
          let queue = try context.makeQueue()
          let kernel = try context.makeProgram(name: "add", source: source).kernel(named: name)
          let x = try context.makeBuffer(byteCount: 4 * (3 * launches + 4))
          try queue.fill(x, pattern: 0, byteCount: x.byteCount)
          for launch in 0..<launches {
            try kernel.setArgument(0, x)
            try queue.enqueue(kernel, global: [3 * launch + Int.random(in: 1...4)], local: [1])
            if launch % 64 == 63 { try queue.finish() }
          }
          let sums = try queue.read(x, Float.self)
          if sums[0] != Float(launches) { failures.add("thread \(thread): \(sums[0])") }
        } catch {
          failures.add("\(error)")
        }
      }
    }
    for _ in devices { done.wait() }
    #expect(failures.texts.withLock { $0 } == [])
  }

  @Test func versionsOfPoCLWithTheFault() {
    for version in [
      "OpenCL 3.0 PoCL 3.1+debian  Linux", "OpenCL 3.0 PoCL 6.0  Linux", "OpenCL 3.0 PoCL HSTR",
    ] {
      #expect(WidestLaunches.areNeeded(version))
    }
    for version in [
      "OpenCL 3.0 PoCL 7.0  Linux", "OpenCL 3.0 PoCL 10.1", "OpenCL 3.0 CUDA 12.4.89", "",
    ] {
      #expect(!WidestLaunches.areNeeded(version))
    }
  }
}

private final class Failures: Sendable {
  let texts = Mutex<[String]>([])

  func add(_ text: String) { texts.withLock { $0.append(text) } }
}
