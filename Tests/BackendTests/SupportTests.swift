import Conformance
import Tensors
import TestSupport
import Testing

/// The checks of TestSupport can fail: each is shown what it is there to catch.
@Suite struct SupportTests {
  @Test func valuesOutsideTheirBoundAreReported() {
    var expected = Expected(exactly: [1, 2, 3])
    expected.bounds = [0, 0.125, .infinity]
    #expect(expectWithin([1, 2.05, .nan], expected, "inside") < 0.51)
    expectFails("outside: element 1 is 2.25, not 2.0 within 0.125") {
      expectWithin([1, 2.25, 3], expected, "outside")
    }
    expectFails("not a number: element 1 is nan, not 2.0 within 0.125") {
      expectWithin([1, .nan, 3], expected, "not a number")
    }
    expectFails("not exact: element 0 is 1.0000001, not 1.0 within 0.0; 2 elements are wrong") {
      expectWithin([1.0000001, 3, 3], expected, "not exact")
    }
    expectFails("too few: there are 2 values, not 3") {
      expectWithin([1, 2], expected, "too few")
    }
    expectFails("zeros: MISTRUSTED: 2 of 3 expected values are zero") {
      expectWithin([0, 0, 1], Expected(exactly: [0, 0, 1]), "zeros")
    }
    expectWithin([0, 0, 1], Expected(exactly: [0, 0, 1]), "zeros", mostlyZero: true)
    expectFails("integers: element 1: got 2, expected 3") {
      expectEqual([1, 2], [1, 3], "integers")
    }
  }

  @Test func wrongGradientsAreReported() {
    expectGradient(
      of: { $0[0] * $0[0] * $0[1] }, at: [3, 2], equals: [12, 9], "right")
    expectFails {
      expectGradient(of: { $0[0] * $0[0] * $0[1] }, at: [3, 2], equals: [12, 9.0001], "wrong")
    }
    expectFails("count: gradient of 0 elements for a point of 1") {
      expectGradient(of: { $0[0] }, at: [3], equals: [], "count")
    }
  }

  @Test(arguments: GuardedTensors.Layout.allCases)
  func guardsAreWatched(_ form: GuardedTensors.Layout) throws {
    let backend = try BackendChoice.cpu.makeBackend()
    func problems(_ body: (GuardedTensors) throws -> Void) throws -> [String] {
      let tensors = GuardedTensors(backend, layout: form)
      try body(tensors)
      return try tensors.problems()
    }
    let written = try problems { try $0.output([2, 9]).assign([Float](repeating: 1, count: 18)) }
    #expect(written.isEmpty)
    #expect(
      try problems { _ = try $0.output([2, 9]) }
        == ["tensor 0, [2, 9]: not written in replica 0 at element 0"])
    #expect(
      try problems { try $0.input([1, 2, 3] as [Float], [1, 3]).assign([1, 2, 4] as [Float]) }
        == ["tensor 0, [1, 3]: input changed in replica 0 at element 2"])
    for place in [-1, 9] {
      let found = try problems { tensors in
        let tensor = try tensors.updated([Float](repeating: 1, count: 9), [1, 9])
        let outside = Tensor(
          shape: [1, 1], elementType: .float32, storage: tensor.storage,
          offset: tensor.offset + place, backend: backend)
        try outside.assign([7] as [Float])
      }
      #expect(
        found == ["tensor 0, [1, 9]: written outside, at element \(place) from its first"])
    }
    expectFails("case: tensor 0, [1, 1]: not written in replica 0 at element 0") {
      try? Trace.with("case") {
        let tensors = GuardedTensors(backend, layout: form)
        _ = try tensors.output([1, 1])
        try tensors.verify()
      }
    }
  }

  /// `expectFails` itself fails where nothing does, or something else does.
  @Test func whatDoesNotFailIsReported() {
    expectFails("nothing failed") { expectFails {} }
    expectFails("reported [\"one\"], not [\"two\"]") { expectFails("two") { report("one") } }
  }

  @Test func labelsAreTraced() {
    withEvery("M", in: [3]) { _ in
      Trace.with("seed = 7") { #expect(Trace.description == "M = 3, seed = 7") }
    }
    #expect(Trace.description.isEmpty)
  }

  @Test func snapshotsMustExist() {
    expectFails(
      "snapshot there-is-none.txt: there is no such file; RECORD_SNAPSHOTS=1 writes it"
    ) { expectSnapshot("text", named: "there-is-none.txt") }
  }
}
