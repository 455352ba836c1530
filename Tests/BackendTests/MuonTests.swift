import Conformance
import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct MuonTests {
    /// Zeros stay zeros, and a matrix of any size has the direction of its multiples.
    @Test(arguments: availableBackends)
    func orthogonalizeHasNoScale(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      var numbers = TestNumbers(seed: 8950)
      let values = numbers.normals(6 * 10)
      func result(_ factor: Float) throws -> [Float] {
        try backend.orthogonalize(try backend.tensor(values.map { $0 * factor }, [1, 6, 10]))
          .floats()
      }
      #expect(try result(0).allSatisfy { $0 == 0 })
      let whole = try result(1)
      for (value, scaled) in zip(whole, try result(1024)) { #expect(abs(value - scaled) < 1e-4) }
      // A row's length lies between the least and the largest singular value.
      for row in 0..<6 {
        let squares = whole[row * 10..<(row + 1) * 10].reduce(0) { $0 + $1 * $1 }
        #expect(squares > 0.68 * 0.68 && squares < 1.21 * 1.21, "row \(row): \(squares)")
      }
    }
  }
}
