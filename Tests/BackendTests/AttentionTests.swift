import Conformance
import OpenCL
import Tensors
import TensorsOpenCL
import TestSupport
import Testing

extension BackendTests {
  @Suite struct AttentionTests {
    typealias Shape = AttentionSizes

    /// A projection whose scores spread over a few units, with every third row three times as large.
    static func projection(_ shape: Shape, _ numbers: inout TestNumbers) -> [Float] {
      let width = 3 * shape.channels
      return numbers.normals(shape.rows * shape.positions * width).enumerated().map {
        index, value in
        index / (width * shape.positions) % 3 == 1 ? 3 * value : value
      }
    }

    static func tensorShape(_ shape: Shape, width: Int) -> Tensors.Shape {
      [shape.replicas, shape.batch, shape.positions, width]
    }

    /// Positions past a row's length may hold anything, NaN included: their outputs and gradients
    /// are zero, and no other element sees them.
    @Test(arguments: availableBackends)
    func paddingIsNotRead(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let shape = Shape(replicas: 2, batch: 3, positions: 37, heads: 2, headWidth: 16)
      var numbers = TestNumbers(seed: 2200)
      let lengths: [Int32] = [0, 20, 36, 1, 37, 16]
      var projection = Self.projection(shape, &numbers)
      var upstream = numbers.normals(shape.rows * shape.positions * shape.channels)
      let expected = Oracle.attention(projection.doubles, lengths: lengths, shape)
      let expectedGradient = Oracle.attentionGradient(
        projection.doubles, lengths: lengths, output: expected.output.floats.doubles,
        logSumExp: expected.logSumExp.floats.doubles, outputGradient: upstream.doubles, shape)
      for (row, length) in lengths.enumerated() {
        for position in Int(length)..<shape.positions {
          let start = (row * shape.positions + position) * shape.channels
          for c in 0..<3 * shape.channels { projection[3 * start + c] = .nan }
          for c in 0..<shape.channels { upstream[start + c] = .nan }
        }
      }
      let wide = Self.tensorShape(shape, width: 3 * shape.channels)
      let narrow = Self.tensorShape(shape, width: shape.channels)
      let input = try backend.tensor(projection, wide)
      let lengthTensor = try backend.tensor(lengths, [shape.replicas, shape.batch])
      let output = try backend.empty(narrow)
      let logSumExp = try backend.empty(
        [shape.replicas, shape.batch, shape.heads, shape.positions])
      try backend.attention(
        input, lengths: lengthTensor, heads: shape.heads, into: output, logSumExp: logSumExp)
      expectWithin(try output.floats(), expected.output, "attention", mostlyZero: true)
      expectWithin(try logSumExp.floats(), expected.logSumExp, "log-sum-exp", mostlyZero: true)
      try output.assign(expected.output.floats)
      try logSumExp.assign(expected.logSumExp.floats)
      let gradient = try backend.empty(wide)
      try backend.attentionGradient(
        input, lengths: lengthTensor, heads: shape.heads, output: output, logSumExp: logSumExp,
        outputGradient: try backend.tensor(upstream, narrow), into: gradient)
      expectWithin(try gradient.floats(), expectedGradient, "gradient", mostlyZero: true)
    }

    /// A sequence gets the bytes that it gets alone: neither other sequences nor T, and the tile that
    /// follows from it, show.
    @Test(arguments: availableBackends)
    func sequencesGetTheBytesOfSequencesAlone(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let lengths: [Int32] = [130, 3, 16, 17, /* */ 32, 33, 64, 65]
      let (b, h, d) = (4, 2, 16)
      let (t, c) = (130, h * d)
      var numbers = TestNumbers(seed: 2350)
      let inputs = [numbers.normals(8 * t * 3 * c), numbers.normals(8 * t * c)]
      /// Output, log-sum-exp by head and position, and gradient.
      func results(_ inputs: [[Float]], _ lengths: [Int32], _ r: Int, _ b: Int, _ t: Int) throws
        -> [[Float]]
      {
        let lengthTensor = try backend.tensor(lengths, [r, b])
        let projection = try backend.tensor(inputs[0], [r, b, t, 3 * c])
        let output = try backend.empty([r, b, t, c])
        let logSumExp = try backend.empty([r, b, h, t])
        try backend.attention(
          projection, lengths: lengthTensor, heads: h, into: output, logSumExp: logSumExp)
        let gradient = try backend.empty([r, b, t, 3 * c])
        try backend.attentionGradient(
          projection, lengths: lengthTensor, heads: h, output: output, logSumExp: logSumExp,
          outputGradient: try backend.tensor(inputs[1], [r, b, t, c]), into: gradient)
        return try [output.floats(), logSumExp.floats(), gradient.floats()]
      }
      let together = try results(inputs, lengths, 2, b, t)
      for (row, length) in lengths.enumerated() {
        let length = Int(length)
        func part(_ values: [Float], width: Int, of block: Int, count: Int) -> ArraySlice<Float> {
          values[block * t * width..<(block * t + count) * width]
        }
        let alone = try results(
          zip(inputs, [3 * c, c]).map { Array(part($0, width: $1, of: row, count: length)) },
          [Int32(length)], 1, 1, length)
        let expected = [
          Array(part(together[0], width: c, of: row, count: length)),
          (0..<h).flatMap { part(together[1], width: 1, of: row * h + $0, count: length) },
          Array(part(together[2], width: 3 * c, of: row, count: length)),
        ]
        for (place, name) in ["output", "log-sum-exp", "gradient"].enumerated() {
          expectSame(
            alone[place].map(\.bitPattern), expected[place].map(\.bitPattern),
            "\(name), length \(length)")
        }
      }
    }

    /// Attention with more operations than a launch may have is launched in parts, with the same bytes.
    @Test(arguments: openCLDevices)
    func longAttentionIsLaunchedInParts(_ device: Device) throws {
      let backend = try OpenCLBackend(
        device: device, style: .manyItems, fillsWithNaN: true, keepsTimes: true, tuningFolder: nil)
      let names = ["forward", "gradient_query", "gradient_key"].map { "attention_\($0)_local" }
      let calls = OperationDescription.all.filter { $0.name.hasPrefix("attention") }
        .flatMap { $0.cases(.cohort, seed: 2400) }
        .filter { ["attention", "attentionGradient"].contains($0.operation) }
      #expect(Set(calls.map(\.operation)).count == 2)
      var cut: Set<String> = []
      for call in calls {
        func run() throws -> (written: [[[UInt32]]], launches: [String: Int]) {
          _ = try backend.takeTimes()
          let outcome = try call.run(on: backend)
          #expect(outcome.violations == [])
          return (outcome.written, try backend.takeTimes().mapValues(\.launches))
        }
        let kept = backend.operationsPerLaunch
        let whole = try run()
        backend.operationsPerLaunch = 1
        let parts = try run()
        backend.operationsPerLaunch = kept
        #expect(parts.written == whole.written, "\(call)")
        for name in names {
          #expect(whole.launches[name] ?? 1 == 1)
          if parts.launches[name] ?? 0 > 1 { cut.insert(name) }
        }
      }
      #expect(cut == Set(names))
    }

    /// Scores of some hundreds: a softmax without its maximum would be infinite over infinite.
    @Test(arguments: availableBackends)
    func largeScores(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let shape = Shape(batch: 2, positions: 40, heads: 2, headWidth: 16)
      var numbers = TestNumbers(seed: 2300)
      let projection = numbers.normals(shape.rows * shape.positions * 3 * shape.channels, scale: 12)
      let lengths: [Int32] = [40, 40]
      let output = try backend.empty(Self.tensorShape(shape, width: shape.channels))
      let logSumExp = try backend.empty([1, shape.batch, shape.heads, shape.positions])
      try backend.attention(
        try backend.tensor(projection, Self.tensorShape(shape, width: 3 * shape.channels)),
        lengths: try backend.tensor(lengths, [1, 2]), heads: 2, into: output,
        logSumExp: logSumExp)
      let expected = Oracle.attention(projection.doubles, lengths: lengths, shape)
      expectWithin(try output.floats(), expected.output, "attention")
      expectWithin(try logSumExp.floats(), expected.logSumExp, "log-sum-exp")
    }
  }
}
