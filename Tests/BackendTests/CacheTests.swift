import Conformance
import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct CacheTests {
    typealias Shape = AttentionSizes

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
