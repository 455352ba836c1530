import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct CacheTests {
    typealias Shape = Oracle.AttentionShape

    static let cases: [(shape: Shape, capacity: Int)] = [
      (Shape(positions: 1, heads: 1, headWidth: 2), 1),
      (Shape(replicas: 2, batch: 3, positions: 2, heads: 2, headWidth: 8), 7),
      (Shape(replicas: 3, batch: 2, positions: 15, heads: 1, headWidth: 16), 16),
      (Shape(batch: 4, positions: 17, heads: 3, headWidth: 16), 33),
      (Shape(replicas: 2, batch: 5, positions: 31, heads: 2, headWidth: 32), 64),
      (Shape(batch: 3, positions: 65, heads: 1, headWidth: 64), 129),
      (Shape(batch: 2, positions: 7, heads: 1, headWidth: 128), 257),
    ]

    /// Keys and values go to the first positions; the others keep what they held.
    @Test(arguments: availableBackends)
    func storeKeysAndValues(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (shape, capacity)) in Self.cases.enumerated() {
        try Trace.with("seed = \(3000 + number), \(shape), capacity \(capacity)") {
          var numbers = TestNumbers(seed: 3000 + number)
          let projection = numbers.awkward(shape.rows * shape.positions * 3 * shape.channels)
          let size = shape.rows * shape.channels * capacity
          let (oldKeys, oldValues) = (numbers.awkward(size), numbers.awkward(size))
          let cache: Tensors.Shape = [
            shape.replicas, shape.batch, shape.heads, capacity, shape.headWidth,
          ]
          let tensors = GuardedTensors(backend, layout: layout(number))
          let keys = try tensors.updated(oldKeys, cache)
          let values = try tensors.updated(oldValues, cache)
          try backend.storeKeysAndValues(
            try tensors.input(
              projection, AttentionTests.tensorShape(shape, width: 3 * shape.channels)),
            heads: shape.heads, keys: keys, values: values)
          let expected = Oracle.storeKeysAndValues(
            projection.doubles, keys: oldKeys.doubles, values: oldValues.doubles,
            capacity: capacity, shape)
          expectWithin(try keys.floats(), expected.keys, "keys")
          expectWithin(try values.floats(), expected.values, "values")
          try tensors.verify()
        }
      }
    }

    /// One new position per row, each row at its own, the first and the last of the cache among them.
    @Test(arguments: availableBackends)
    func attentionDecode(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (long, capacity)) in Self.cases.enumerated() {
        try Trace.with("seed = \(3100 + number), \(long), capacity \(capacity)") {
          var shape = long
          shape.positions = 1
          var numbers = TestNumbers(seed: 3100 + number)
          let projection = numbers.normals(shape.rows * 3 * shape.channels)
          let size = shape.rows * shape.channels * capacity
          let positions = (0..<shape.rows).map { row in
            switch row {
            case 0: Int32(capacity - 1)
            case 1: Int32(0)
            default: numbers.integers(1, in: 0..<capacity)[0]
            }
          }
          // What lies past a row's position has not been stored yet: it must not be read.
          var (oldKeys, oldValues) = (numbers.normals(size), numbers.normals(size))
          let stride = capacity * shape.headWidth
          for index in 0..<size
          where index % stride / shape.headWidth >= positions[index / stride / shape.heads] {
            oldKeys[index] = 1e30
            oldValues[index] = -1e30
          }
          let cache: Tensors.Shape = [
            shape.replicas, shape.batch, shape.heads, capacity, shape.headWidth,
          ]
          let tensors = GuardedTensors(backend, layout: layout(number))
          let keys = try tensors.updated(oldKeys, cache)
          let values = try tensors.updated(oldValues, cache)
          let output = try tensors.output(
            AttentionTests.tensorShape(shape, width: shape.channels))
          try backend.attentionDecode(
            try tensors.input(
              projection, AttentionTests.tensorShape(shape, width: 3 * shape.channels)),
            heads: shape.heads, keys: keys, values: values,
            positions: try tensors.input(positions, [shape.replicas, shape.batch]), into: output)
          let expected = Oracle.attentionDecode(
            projection.doubles, keys: oldKeys.doubles, values: oldValues.doubles,
            capacity: capacity, positions: positions, shape)
          expectWithin(try output.floats(), expected.output, "decode")
          expectWithin(try keys.floats(), expected.keys, "keys")
          expectWithin(try values.floats(), expected.values, "values")
          try tensors.verify()
        }
      }
    }

    /// Two layers of one cache (R, L, B, H, T, D) are views with a replica stride of both.
    @Test(arguments: availableBackends)
    func layersAreViews(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let shape = Shape(replicas: 2, batch: 2, positions: 3, heads: 1, headWidth: 4)
      let block = 2 * 1 * 5 * 4
      var numbers = TestNumbers(seed: 3200)
      let projection = numbers.awkward(shape.rows * shape.positions * 3 * shape.channels)
      let keys = try backend.zeros([2, 2, 2, 1, 5, 4])
      let values = try backend.zeros([2, 2, 2, 1, 5, 4])
      try backend.storeKeysAndValues(
        try backend.tensor(projection, [2, 2, 3, 12]), heads: 1,
        keys: keys.slice(from: block, shape: [2, 2, 1, 5, 4]),
        values: values.slice(from: block, shape: [2, 2, 1, 5, 4]))
      let zeros = [Double](repeating: 0, count: 2 * block)
      let expected = Oracle.storeKeysAndValues(
        projection.doubles, keys: zeros, values: zeros, capacity: 5, shape)
      let all = try keys.floats()
      for r in 0..<2 {
        #expect(all[2 * r * block..<(2 * r + 1) * block].allSatisfy { $0 == 0 })
        #expect(
          all[(2 * r + 1) * block..<(2 * r + 2) * block].map { Double($0) }
            == Array(expected.keys.values[r * block..<(r + 1) * block]))
      }
    }
  }
}
