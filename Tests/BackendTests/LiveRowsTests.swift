import Conformance
import Tensors
import TestSupport
import Testing

extension BackendTests {
  /// Attention over live rows, rotated by `rotary` and by attention; of the other operations `PropertyTests`
  /// tests live rows.
  @Suite struct LiveRowsTests {
    /// Sequences one after another get the bytes of sequences padded to T. Attention that rotates gives the
    /// bytes of `rotary` before it and, for the gradient, after it: also those of padding, which is zero.
    @Test(arguments: availableBackends)
    func attentionOfLiveRowsIsThatOfPaddedOnes(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let (b, t, h) = (4, 37, 2)
      for (number, width) in [2, 16, 20, 48, 64].enumerated() {
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
            let upstream = try tensor(padded[1], c)
            func attention(rotating rotates: Bool) throws -> [Tensor] {
              let output = try backend.empty([2, b, t, c], live: live)
              let logSumExp = try backend.empty([2, b, h, t])
              try backend.attention(
                projection, rotaryTable: rotates ? table : nil, lengths: lengthTensor, heads: h,
                into: output, logSumExp: logSumExp)
              let gradient = try backend.empty([2, b, t, 3 * c], live: live)
              try backend.attentionGradient(
                projection, rotaryTable: rotates ? table : nil, lengths: lengthTensor, heads: h,
                output: output, logSumExp: logSumExp, outputGradient: upstream, into: gradient)
              if !rotates {
                try backend.rotary(
                  gradient, heads: h, table: table, start: nil, inverse: true, into: gradient)
              }
              return [output, gradient]
            }
            let rotating = try attention(rotating: true)
            try backend.rotary(
              projection, heads: h, table: table, start: nil, inverse: false, into: projection)
            let before = try attention(rotating: false)
            for (name, (one, other)) in zip(["output", "gradient"], zip(rotating, before))
            where live == nil {
              expectSame(
                try one.floats().map(\.bitPattern), try other.floats().map(\.bitPattern),
                "\(name), rotated in attention")
            }
            return try ([projection] + before + rotating).map { result in
              rows.live(in: try result.floats(), width: result.shape.width, isPadded: live == nil)
            }
          }
          let inputs = [numbers.normals(2 * b * t * 3 * c), numbers.normals(2 * b * t * c)]
          let (padded, ragged) = (try results(live: nil, inputs), try results(live: live, inputs))
          for (name, (one, other)) in zip(
            ["rotary", "attention", "gradient", "rotating attention", "its gradient"],
            zip(padded, ragged))
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
