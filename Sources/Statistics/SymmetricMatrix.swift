/// The Cholesky factor of a symmetric positive definite matrix after scaling its diagonal to 1.
///
/// Scaling makes the singularity test independent of the units of the columns.
struct CholeskyFactor {
  let size: Int
  private let factor: [Double]
  private let scale: [Double]

  /// Nil if a scaled pivot is not above `tolerance`: the matrix is singular to working precision.
  init?(_ matrix: [Double], size: Int, tolerance: Double = 1e-13) {
    self.size = size
    var scale = [Double](repeating: 0, count: size)
    for i in 0..<size {
      let diagonal = matrix[i * size + i]
      guard diagonal > 0, diagonal.isFinite else { return nil }
      scale[i] = 1 / diagonal.squareRoot()
    }
    var l = [Double](repeating: 0, count: size * size)
    for i in 0..<size {
      for j in 0...i {
        var sum = matrix[i * size + j] * scale[i] * scale[j]
        for k in 0..<j { sum -= l[i * size + k] * l[j * size + k] }
        if i == j {
          guard sum > tolerance else { return nil }
          l[i * size + i] = sum.squareRoot()
        } else {
          l[i * size + j] = sum / l[j * size + j]
        }
      }
    }
    factor = l
    self.scale = scale
  }

  /// The solution x of matrix x = `right`.
  func solve(_ right: [Double]) -> [Double] {
    var x = (0..<size).map { right[$0] * scale[$0] }
    for i in 0..<size {
      for k in 0..<i { x[i] -= factor[i * size + k] * x[k] }
      x[i] /= factor[i * size + i]
    }
    for i in (0..<size).reversed() {
      for k in (i + 1)..<max(size, i + 1) { x[i] -= factor[k * size + i] * x[k] }
      x[i] /= factor[i * size + i]
    }
    return (0..<size).map { x[$0] * scale[$0] }
  }

  /// The inverse matrix, row-major.
  func inverse() -> [Double] {
    var result = [Double](repeating: 0, count: size * size)
    for column in 0..<size {
      var unit = [Double](repeating: 0, count: size)
      unit[column] = 1
      for (row, value) in solve(unit).enumerated() { result[row * size + column] = value }
    }
    return result
  }
}
