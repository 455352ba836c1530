import Conformance
import Tensors
import TensorsCPU
import Testing

/// What `check-device` prints, as exact text.
@Suite struct CheckResultTests {
  private static var check: ConformanceCheck {
    ConformanceCheck(device: CPUBackend(), reference: CPUBackend(), seed: 1)
  }

  /// A line without its time.
  private func line(_ result: CheckResult) -> String {
    result.line.replacing(#/ +\d+ ms/#, with: " | time")
  }

  @Test func linesAreAligned() {
    let check = Self.check
    let good = check.measured("matmul", "NN 1 x 1 x 1, R 3") { (0.25, nil) }
    let bad = check.measured("add", "R 3, 1 x 1") { (.infinity, "element 0 is nan, not 1.0") }
    let far = check.measured("copy", "R 3, 1") { (1.5, nil) }
    #expect(
      line(good)
        == "ok    matmul                         NN 1 x 1 x 1, R 3                                "
        + "0.25 | time")
    #expect(
      line(bad)
        == "FAIL  add                            R 3, 1 x 1                                       "
        + "   - | time  element 0 is nan, not 1.0")
    #expect(!far.passed && good.passed && !bad.passed)
    #expect(
      CheckResult.totals([good, bad, far]).replacing(#/in [\d.]+ s/#, with: "in x s")
        == "1 of 3 checks passed in x s; failed: add, copy")
    #expect(
      CheckResult.totals([good]).replacing(#/in [\d.]+ s/#, with: "in x s")
        == "1 of 1 checks passed in x s; the largest error is 0.25 of its bound, in matmul, "
        + "NN 1 x 1 x 1, R 3")
  }

  /// An error of a device is a result, and the check goes on.
  @Test func errorsAreResults() {
    struct Failure: Error, CustomStringConvertible { let description = "no kernel:\nlog" }
    let result = Self.check.measured("add", "R 3") { throw Failure() }
    #expect(!result.passed && result.note == "no kernel")
    #expect(result.worstRatio == CheckResult.largestRatio)
  }
}
