import Tensors
import TestSupport
import Testing

/// The checks of TestSupport can fail: each is shown what it is there to catch.
@Suite struct SupportTests {
  @Test func valuesOutsideTheirBoundAreReported() {
    var expected = Expected(exactly: [1, 2, 3])
    expected.bounds = [0, 0.1, .infinity]
    #expect(expectWithin([1, 2.05, .nan], expected, "inside") < 0.51)
    withKnownIssue { expectWithin([1, 2.2, 3], expected, "outside") }
    withKnownIssue { expectWithin([1, .nan, 3], expected, "not a number") }
    withKnownIssue { expectWithin([1.0000001, 2, 3], expected, "not exact") }
    withKnownIssue { expectWithin([1, 2], expected, "too few") }
    withKnownIssue { expectWithin([0, 0, 1], Expected(exactly: [0, 0, 1]), "zeros") }
    expectWithin([0, 0, 1], Expected(exactly: [0, 0, 1]), "zeros", mostlyZero: true)
    withKnownIssue { expectEqual([1, 2], [1, 3], "integers") }
  }

  @Test func wrongGradientsAreReported() {
    expectGradient(
      of: { $0[0] * $0[0] * $0[1] }, at: [3, 2], equals: [12, 9], "right")
    withKnownIssue {
      expectGradient(of: { $0[0] * $0[0] * $0[1] }, at: [3, 2], equals: [12, 9.0001], "wrong")
    }
    withKnownIssue { expectGradient(of: { $0[0] }, at: [3], equals: [], "count") }
  }

  @Test(arguments: GuardedTensors.Layout.allCases)
  func guardsAreWatched(_ form: GuardedTensors.Layout) throws {
    let backend = try BackendChoice.cpu.makeBackend()
    func check(_ body: (GuardedTensors) throws -> Void) throws {
      let tensors = GuardedTensors(backend, layout: form)
      try body(tensors)
      try tensors.verify()
    }
    try check { try $0.output([2, 9]).assign([Float](repeating: 1, count: 18)) }
    withKnownIssue { try check { _ = try $0.output([2, 9]) } }
    withKnownIssue {
      try check { try $0.input([1, 2, 3] as [Float], [1, 3]).assign([1, 2, 4] as [Float]) }
    }
    for place in [-1, 9] {
      withKnownIssue {
        try check { tensors in
          let tensor = try tensors.updated([Float](repeating: 1, count: 9), [1, 9])
          let outside = Tensor(
            shape: [1, 1], elementType: .float32, storage: tensor.storage,
            offset: tensor.offset + place, backend: backend)
          try outside.assign([7] as [Float])
        }
      }
    }
  }

  @Test func labelsAreTraced() {
    withEvery("M", in: [3]) { _ in
      Trace.with("seed = 7") { #expect(Trace.description == "M = 3, seed = 7") }
    }
    #expect(Trace.description.isEmpty)
  }

  @Test func snapshotsMustExist() {
    withKnownIssue { expectSnapshot("text", named: "there-is-none.txt") }
  }
}
