import Foundation

extension Oracle {
  /// Sizes of a product: left (R, M, K), right (R, K, N), output (R, M, N), before transposition.
  public struct ProductSizes: Sendable, CustomStringConvertible {
    public var replicas: Int
    public var rows: Int
    public var columns: Int
    public var inner: Int
    public var transposeLeft: Bool
    public var transposeRight: Bool

    public init(
      replicas: Int = 1, rows: Int, columns: Int, inner: Int, transposeLeft: Bool = false,
      transposeRight: Bool = false
    ) {
      self.replicas = replicas
      self.rows = rows
      self.columns = columns
      self.inner = inner
      self.transposeLeft = transposeLeft
      self.transposeRight = transposeRight
    }

    public var description: String {
      "R = \(replicas), M = \(rows), N = \(columns), K = \(inner)"
        + "\(transposeLeft ? ", left transposed" : "")\(transposeRight ? ", right transposed" : "")"
    }
  }

  /// To the nearest multiple of the last of eight places, ties to even, by the definition of the format:
  /// through doubles, with no word of bits. Numbers too small for eight places have the fixed ones of
  /// subnormals.
  public static func roundedToBFloat16(_ value: Float) -> Float {
    guard value.isFinite, value != 0 else { return value }
    let place = scalbn(1.0, Int32(max(value.exponent, -126) - 7))
    return Float((Double(value) / place).rounded(.toNearestOrEven) * place)
  }

  /// y_mn = Σ_k a_mk b_kn (+ c_mn), within (K + 8) · u · (Σ_k |a_mk| |b_kn| + |c_mn|), as the
  /// contract says.
  public static func matmul(
    _ left: [Double], _ right: [Double], adding: [Double]? = nil, _ sizes: ProductSizes
  ) -> Expected {
    let (rows, columns, inner) = (sizes.rows, sizes.columns, sizes.inner)
    let leftStep = sizes.transposeLeft ? rows : 1
    let rightStep = sizes.transposeRight ? 1 : columns
    var result = Expected(count: sizes.replicas * rows * columns)
    for replica in 0..<sizes.replicas {
      for row in 0..<rows {
        let leftStart = replica * rows * inner + row * (sizes.transposeLeft ? 1 : inner)
        for column in 0..<columns {
          let rightStart =
            replica * inner * columns + column * (sizes.transposeRight ? inner : 1)
          var (sum, magnitude) = (0.0, 0.0)
          for k in 0..<inner {
            let product = left[leftStart + k * leftStep] * right[rightStart + k * rightStep]
            sum += product
            magnitude += abs(product)
          }
          let index = (replica * rows + row) * columns + column
          if let adding {
            sum += adding[index]
            magnitude += abs(adding[index])
          }
          result.set(index, sum, within: Double(inner + 8) * unitRoundoff * magnitude)
        }
      }
    }
    return result
  }
}
