import Tensors
import TestSupport
import Testing

/// One operation on tensors of which only the leading rows hold numbers.
private struct RaggedCase: Sendable {
  enum Operand: Sendable {
    /// (R, M, width) of numbers, NaN past the live rows.
    case rows(Int)
    /// (R, M) of integers below a bound, far above it past the live rows.
    case integers(below: Int)
    /// (R, M) of numbers.
    case numbers
    /// (R, ...): without rows.
    case whole([Int])
    case rowsOutput(Int)
    case numbersOutput
    case wholeOutput([Int])

    var isOutput: Bool {
      switch self {
      case .rowsOutput, .numbersOutput, .wholeOutput: true
      default: false
      }
    }
  }

  let name: String
  let operands: [Operand]
  let call: @Sendable (any Backend, [Tensor]) throws -> Void
}

extension BackendTests {
  /// What live rows promise: the bytes of the rows alone, and nothing read or written past them.
  @Suite struct LiveRowsTests {
    /// M, beyond a block of any sum and no multiple of a tile.
    static let room = 131
    /// All, none, one, and numbers that end within tiles and blocks.
    static let counts: [Int32] = [131, 0, 64, 1, 100]

    private static let cases: [RaggedCase] = [
      RaggedCase(
        name: "matmul, rows", operands: [.rows(20), .whole([33, 20]), .rowsOutput(33)]
      ) {
        try $0.matmul(
          $1[0], transposeLeft: false, $1[1], transposeRight: true, adding: nil, into: $1[2])
      },
      RaggedCase(
        name: "matmul, rows, adding",
        operands: [.rows(300), .whole([300, 17]), .rows(17), .rowsOutput(17)]
      ) {
        try $0.matmul(
          $1[0], transposeLeft: false, $1[1], transposeRight: false, adding: $1[2], into: $1[3])
      },
      RaggedCase(
        name: "matmul, sum over rows", operands: [.rows(21), .rows(34), .wholeOutput([21, 34])]
      ) {
        try $0.matmul(
          $1[0], transposeLeft: true, $1[1], transposeRight: false, adding: nil, into: $1[2])
      },
      RaggedCase(
        name: "matmul, rows, of bfloat16",
        operands: [.rows(20), .whole([33, 20]), .rowsOutput(33)]
      ) {
        try $0.matmul(
          $1[0], transposeLeft: false, $1[1], transposeRight: true, adding: nil,
          precision: .bfloat16, into: $1[2])
      },
      RaggedCase(
        name: "matmul, sum over rows, of bfloat16",
        operands: [.rows(21), .rows(34), .wholeOutput([21, 34])]
      ) {
        try $0.matmul(
          $1[0], transposeLeft: true, $1[1], transposeRight: false, adding: nil,
          precision: .bfloat16, into: $1[2])
      },
      RaggedCase(name: "roundToBFloat16", operands: [.rows(20), .rowsOutput(20)]) {
        try $0.roundToBFloat16($1[0], into: $1[1])
      },
      RaggedCase(
        name: "rmsNorm", operands: [.rows(20), .whole([20]), .rowsOutput(20), .numbersOutput]
      ) {
        try $0.rmsNorm($1[0], weight: $1[1], epsilon: 1e-5, into: $1[2], scale: $1[3])
      },
      RaggedCase(
        name: "rmsNormGradient",
        operands: [
          .rows(20), .whole([20]), .numbers, .rows(20), .rows(20), .rowsOutput(20),
          .wholeOutput([20]),
        ]
      ) {
        try $0.rmsNormGradient(
          $1[0], weight: $1[1], scale: $1[2], outputGradient: $1[3], adding: $1[4], into: $1[5],
          weightGradient: $1[6])
      },
      RaggedCase(name: "add", operands: [.rows(9), .rows(9), .rowsOutput(9)]) {
        try $0.add($1[0], $1[1], into: $1[2])
      },
      RaggedCase(name: "swiGLU", operands: [.rows(22), .rowsOutput(11)]) {
        try $0.swiGLU($1[0], into: $1[1])
      },
      RaggedCase(name: "swiGLUGradient", operands: [.rows(22), .rows(11), .rowsOutput(22)]) {
        try $0.swiGLUGradient($1[0], outputGradient: $1[1], into: $1[2])
      },
      RaggedCase(
        name: "embedding", operands: [.integers(below: 30), .whole([30, 12]), .rowsOutput(12)]
      ) {
        try $0.embedding($1[0], table: $1[1], into: $1[2])
      },
      RaggedCase(
        name: "embeddingGradient",
        operands: [.integers(below: 30), .rows(12), .wholeOutput([30, 12])]
      ) {
        try $0.embeddingGradient($1[0], outputGradient: $1[1], accumulate: false, into: $1[2])
      },
      RaggedCase(
        name: "tokenLogProbabilities",
        operands: [.rows(27), .integers(below: 27), .numbersOutput, .numbersOutput]
      ) {
        try $0.tokenLogProbabilities($1[0], targets: $1[1], into: $1[2], logSumExp: $1[3])
      },
      RaggedCase(
        name: "tokenLogProbabilitiesGradient",
        operands: [.rows(27), .integers(below: 27), .numbers, .numbers, .rowsOutput(27)]
      ) {
        try $0.tokenLogProbabilitiesGradient(
          $1[0], targets: $1[1], logSumExp: $1[2], outputGradient: $1[3], into: $1[4])
      },
      RaggedCase(name: "weightedSum", operands: [.numbers, .numbers, .wholeOutput([])]) {
        try $0.weightedSum($1[0], weights: $1[1], into: $1[2])
      },
      RaggedCase(
        name: "weightedSumGradient", operands: [.numbers, .whole([]), .numbersOutput]
      ) {
        try $0.weightedSumGradient(weights: $1[0], outputGradient: $1[1], into: $1[2])
      },
    ]

    @Test(arguments: availableBackends)
    func liveRowsGetTheBytesOfRowsAlone(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, ragged) in Self.cases.enumerated() {
        let together = try Self.run(ragged, seed: 4000 + number, 0..<Self.counts.count, on: backend)
        for (replica, count) in Self.counts.enumerated() {
          for (place, bits) in together[replica].enumerated() {
            let output = ragged.operands.filter(\.isOutput)[place]
            let name = "\(ragged.name), replica \(replica), output \(place)"
            let live = Self.liveElements(of: output, count: Int(count))
            expectSame(
              bits[live...].allSatisfy { $0 == GuardedTensors.unwrittenBits }, true,
              "\(name): past the live rows")
            if count > 0 {
              let alone = try Self.run(
                ragged, seed: 4000 + number, replica..<replica + 1, exactly: Int(count),
                on: backend)
              expectSame(Array(bits[..<live]), Array(alone[0][place][..<live]), name)
            } else {
              expectSame(bits[..<live].allSatisfy { $0 == 0 }, true, "\(name): a sum of nothing")
            }
          }
        }
      }
    }

    private static func liveElements(of operand: RaggedCase.Operand, count: Int) -> Int {
      switch operand {
      case .rowsOutput(let width): count * width
      case .wholeOutput(let dimensions): dimensions.reduce(1, *)
      default: count
      }
    }

    /// The bits of every output, by replica. With `exactly` the rows are all there is, and no tensor
    /// has live rows.
    private static func run(
      _ ragged: RaggedCase, seed: Int, _ replicas: Range<Int>, exactly: Int? = nil,
      on backend: any Backend
    ) throws -> [[[UInt32]]] {
      let rows = exactly ?? room
      let live =
        exactly == nil
        ? LiveRows(counts: try backend.tensor(Array(counts[replicas]), [replicas.count])) : nil
      var numbers = TestNumbers(seed: seed)
      let poison = Float(bitPattern: 0x7FC0_0BAD)
      /// Drawn for all replicas and rows, so that a part of them is the same numbers.
      func floats(_ width: Int) -> [Float] {
        let all = numbers.normals(counts.count * room * width)
        return replicas.flatMap { replica in
          (0..<rows * width).map { element in
            element / width < Int(counts[replica])
              ? all[replica * room * width + element] : poison
          }
        }
      }
      let tensors = try ragged.operands.map { operand -> Tensor in
        func shape(_ dimensions: [Int]) -> Shape { Shape([replicas.count] + dimensions) }
        func unwritten(_ dimensions: [Int], live: LiveRows?) throws -> Tensor {
          let tensor = try backend.empty(shape(dimensions), live: live)
          try backend.fill(tensor, bits: GuardedTensors.unwrittenBits)
          return tensor
        }
        switch operand {
        case .rows(let width):
          return try backend.tensor(floats(width), shape([rows, width])).with(live: live)
        case .numbers: return try backend.tensor(floats(1), shape([rows])).with(live: live)
        case .integers(let bound):
          let all = numbers.integers(counts.count * room, in: 0..<bound)
          let values = replicas.flatMap { replica in
            (0..<rows).map { row in
              row < Int(counts[replica]) ? all[replica * room + row] : Int32.max
            }
          }
          return try backend.tensor(values, shape([rows])).with(live: live)
        case .whole(let dimensions):
          let count = dimensions.reduce(1, *)
          let all = numbers.normals(counts.count * count)
          return try backend.tensor(
            Array(all[replicas.lowerBound * count..<replicas.upperBound * count]),
            shape(dimensions))
        case .rowsOutput(let width): return try unwritten([rows, width], live: live)
        case .numbersOutput: return try unwritten([rows], live: live)
        case .wholeOutput(let dimensions): return try unwritten(dimensions, live: nil)
        }
      }
      try ragged.call(backend, tensors)
      let outputs = try zip(ragged.operands, tensors).filter { $0.0.isOutput }.map {
        try $0.1.floats().map(\.bitPattern)
      }
      return replicas.indices.map { replica in
        outputs.map { bits in
          let block = bits.count / replicas.count
          let start = (replica - replicas.lowerBound) * block
          return Array(bits[start..<start + block])
        }
      }
    }

    /// Sequences one after another get the bytes of sequences padded to T.
    @Test(arguments: availableBackends)
    func attentionOfLiveRowsIsThatOfPaddedOnes(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let (b, t, h) = (4, 37, 2)
      for (number, width) in [2, 12, 16, 48].enumerated() {
        try Trace.with("seed = \(4100 + number), D = \(width)") {
          var numbers = TestNumbers(seed: 4100 + number)
          let c = h * width
          let lengths: [Int32] = [37, 0, 20, 1, /* */ 5, 16, 0, 0]
          let table = try backend.tensor(
            RotaryTable.values(positions: t, headWidth: width, base: 10000), [1, t, width / 2, 2])
          let rows = Layout(lengths: lengths, batch: b, positions: t)
          let live = try rows.live(on: backend)
          let lengthTensor = try backend.tensor(lengths, [2, b])
          func results(live: LiveRows?, _ padded: [[Float]]) throws -> [[Float]] {
            func tensor(_ values: [Float], _ width: Int) throws -> Tensor {
              try backend.tensor(
                live == nil ? values : rows.moved(values, width: width), [2, b, t, width]
              ).with(live: live)
            }
            let projection = try tensor(padded[0], 3 * c)
            try backend.rotary(
              projection, heads: h, table: table, start: nil, inverse: false, into: projection)
            let output = try backend.empty([2, b, t, c], live: live)
            let logSumExp = try backend.empty([2, b, h, t])
            try backend.attention(
              projection, lengths: lengthTensor, heads: h, into: output, logSumExp: logSumExp)
            let gradient = try backend.empty([2, b, t, 3 * c], live: live)
            try backend.attentionGradient(
              projection, lengths: lengthTensor, heads: h, output: output, logSumExp: logSumExp,
              outputGradient: tensor(padded[1], c), into: gradient)
            return try [projection, output, gradient].map { result in
              rows.live(in: try result.floats(), width: result.shape.width, isPadded: live == nil)
            }
          }
          let inputs = [numbers.normals(2 * b * t * 3 * c), numbers.normals(2 * b * t * c)]
          let (padded, ragged) = (try results(live: nil, inputs), try results(live: live, inputs))
          for (name, (one, other)) in zip(
            ["rotary", "attention", "attentionGradient"], zip(padded, ragged))
          {
            expectSame(one.map(\.bitPattern), other.map(\.bitPattern), name)
          }
        }
      }
    }

    /// Where the positions of two replicas' sequences lie, padded and one after another.
    private struct Layout {
      let lengths: [Int32]
      let batch: Int
      let positions: Int

      /// The padded rows of a replica that exist, in order.
      func rows(_ replica: Int) -> [Int] {
        (0..<batch).flatMap { sequence in
          (0..<Int(lengths[replica * batch + sequence])).map { sequence * positions + $0 }
        }
      }

      func live(on backend: any Backend) throws -> LiveRows {
        let starts = (0..<2).flatMap { replica in
          (0..<batch).map { sequence in
            lengths[replica * batch..<replica * batch + sequence].reduce(0, +)
          }
        }
        let places = (0..<2).flatMap { replica in
          let places = rows(replica).map { Int32($0 % positions) }
          return places + [Int32](repeating: .max, count: batch * positions - places.count)
        }
        return LiveRows(
          counts: try backend.tensor((0..<2).map { Int32(rows($0).count) }, [2]),
          starts: try backend.tensor(starts, [2, batch]),
          positions: try backend.tensor(places, [2, batch * positions]))
      }

      /// Padded values moved together, NaN after them.
      func moved(_ values: [Float], width: Int) -> [Float] {
        (0..<2).flatMap { replica -> [Float] in
          let block = batch * positions * width
          let kept = live(in: values, width: width, isPadded: true, replicas: [replica])
          return kept + [Float](repeating: .nan, count: block - kept.count)
        }
      }

      /// The values of rows that exist.
      func live(
        in values: [Float], width: Int, isPadded: Bool, replicas: [Int] = [0, 1]
      ) -> [Float] {
        replicas.flatMap { replica in
          rows(replica).enumerated().flatMap { index, row -> ArraySlice<Float> in
            let start = (replica * batch * positions + (isPadded ? row : index)) * width
            return values[start..<start + width]
          }
        }
      }
    }
  }
}
