import Tensors
import TestSupport
import Testing

/// Wrong shapes end the process with one sentence that names the shapes.
@Suite struct ShapeTests {
  /// Records an issue unless what a process wrote to standard error holds a sentence.
  static func expect(
    _ sentence: String, in result: ExitTest.Result?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    if !text.contains(sentence) {
      Issue.record("'\(sentence)' is not in '\(text)'", sourceLocation: sourceLocation)
    }
  }

  @Test func matmulOfUnequalInnerSizes() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let backend = try BackendChoice.cpu.makeBackend()
      try backend.matmul(
        try backend.zeros([2, 3, 4]), transposeLeft: false, try backend.zeros([2, 5, 6]),
        transposeRight: false, adding: nil, into: try backend.zeros([2, 3, 6]))
    }
    Self.expect("matmul: shapes [2, 3, 4] and [2, 5, 6] do not make [2, 3, 6]", in: result)
  }

  @Test func matmulOfUnequalReplicas() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let backend = try BackendChoice.cpu.makeBackend()
      try backend.matmul(
        try backend.zeros([1, 3, 4]), transposeLeft: false, try backend.zeros([2, 6, 4]),
        transposeRight: true, adding: nil, into: try backend.zeros([2, 3, 6]))
    }
    Self.expect(
      "matmul: shapes [1, 3, 4] and [2, 6, 4] transposed do not make [2, 3, 6]", in: result)
  }

  @Test func attentionOfHeadsThatDoNotDivide() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let backend = try BackendChoice.cpu.makeBackend()
      try backend.attention(
        try backend.zeros([1, 2, 3, 24]), lengths: try backend.zeros([1, 2], .int32), heads: 3,
        into: try backend.zeros([1, 2, 3, 8]), logSumExp: try backend.zeros([1, 2, 3, 3]))
    }
    Self.expect(
      "attention: [1, 2, 3, 24] is not (replicas, batch, positions, 3 x channels) with 3 heads",
      in: result)
  }

  @Test func addOfUnequalShapes() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let backend = try BackendChoice.cpu.makeBackend()
      let output = try backend.zeros([1, 4])
      try backend.add(output, try backend.zeros([1, 5]), into: output)
    }
    Self.expect("[1, 5]", in: result)
  }

  @Test func sampleOfUnequalBatches() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let backend = try BackendChoice.cpu.makeBackend()
      try backend.sample(
        try backend.zeros([1, 3, 9]), temperature: 1, keys: try backend.zeros([1, 2], .int32),
        positions: try backend.zeros([1, 2], .int32), into: try backend.zeros([1, 3], .int32))
    }
    Self.expect("sample: ", in: result)
    Self.expect("[1, 3, 9]", in: result)
  }

  @Test func tensorBeyondItsStorage() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let backend = try BackendChoice.cpu.makeBackend()
      let storage = try backend.makeStorage(byteCount: 40)
      _ = Tensor(
        shape: [2, 5], elementType: .float32, storage: storage, offset: 1, backend: backend)
    }
    Self.expect(
      "tensor: shape [2, 5] at offset 1, replica stride 5 leaves its storage of 40 bytes",
      in: result)
  }
}
