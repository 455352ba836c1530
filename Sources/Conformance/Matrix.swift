import Foundation
public import Tensors

extension Oracle {
  /// Rounds to eight significant bits, ties to even, by the definition of bfloat16. It uses
  /// arithmetic on doubles and no bit operations. Small numbers are rounded to multiples of the
  /// smallest subnormal.
  public static func roundedToBFloat16(_ value: Float) -> Float {
    guard value.isFinite, value != 0 else { return value }
    let place = scalbn(1.0, Int32(max(value.exponent, -126) - 7))
    return Float((Double(value) / place).rounded(.toNearestOrEven) * place)
  }

  /// An operand's elements in the precision of a product.
  static func operand(_ values: [Float], _ precision: Precision) -> [Double] {
    precision == .float32 ? values.doubles : values.map { Double(roundedToBFloat16($0)) }
  }

  /// y_mn = Σ_k a_mk b_kn (+ c_mn), within (K + 8) · u · (Σ_k |a_mk| |b_kn| + |c_mn|), as the
  /// contract says; of rounded operands within twice that.
  ///
  /// - Parameters:
  ///   - left, right: the operands in the product's precision.
  ///   - indices: the elements to evaluate; all unless given.
  public static func matmul(
    _ left: [Double], _ right: [Double], adding: [Double]? = nil, _ sizes: MatrixProduct,
    precision: Precision = .float32, indices: [Int]? = nil
  ) -> Expected {
    let (rows, columns, inner) = (sizes.rows, sizes.columns, sizes.inner)
    let leftStep = sizes.transposeLeft ? rows : 1
    let rightStep = sizes.transposeRight ? 1 : columns
    let roundings = Double((inner + 8) * (precision == .float32 ? 1 : 2))
    let count = sizes.replicas * rows * columns
    var result = Expected(count: indices?.count ?? count)
    result.indices = indices
    for place in 0..<result.count {
      let index = indices?[place] ?? place
      let (replica, row, column) = (index / columns / rows, index / columns % rows, index % columns)
      let leftStart = replica * rows * inner + row * (sizes.transposeLeft ? 1 : inner)
      let rightStart = replica * inner * columns + column * (sizes.transposeRight ? inner : 1)
      var (sum, magnitude) = (0.0, 0.0)
      for k in 0..<inner {
        let product = left[leftStart + k * leftStep] * right[rightStart + k * rightStep]
        sum += product
        magnitude += abs(product)
      }
      if let adding {
        sum += adding[index]
        magnitude += abs(adding[index])
      }
      result.set(place, sum, within: roundings * unitRoundoff * magnitude)
    }
    return result
  }
}

extension OperationCase {
  /// A product of operands that are cheap to make, for the measurements of the tuner and of
  /// `bench`.
  ///
  /// - Parameter compared: the number of elements of the result for which the definition is
  ///   evaluated, spread over all rows and columns. For a large product all elements would take too
  ///   long.
  public static func product(
    _ sizes: MatrixProduct, _ precision: Precision, seed: UInt64 = 1, comparing compared: Int = 4096
  ) -> OperationCase {
    var numbers = TestNumbers(seed: seed)
    let count = sizes.replicas * sizes.rows * sizes.columns
    // The stride is odd, so that it reaches all columns for most sizes.
    let indices = Array(stride(from: 0, to: count, by: count / compared | 1))
    return matmul(
      sizes, precision, adding: .nothing,
      left: numbers.operands(sizes.replicas * sizes.rows * sizes.inner, precision),
      right: numbers.operands(sizes.replicas * sizes.inner * sizes.columns, precision),
      addend: [], indices: indices)
  }

  static func matmul(
    _ sizes: MatrixProduct, _ precision: Precision, adding: Addend, left: [Float], right: [Float],
    addend: [Float], indices: [Int]? = nil
  ) -> OperationCase {
    let (r, m, n, k) = (sizes.replicas, sizes.rows, sizes.columns, sizes.inner)
    var sizes = sizes
    sizes.adds = adding != .nothing
    // Live rows are the rows of the output, or the rows of the sum.
    let (transposeLeft, transposeRight) = (sizes.transposeLeft, sizes.transposeRight)
    let (sums, ragged) = (transposeLeft, !(transposeLeft && transposeRight))
    let shape: Shape = [r, m, n]
    var arguments: [OperationArgument] = [
      .input(left, sums ? [r, k, m] : [r, m, k]).ofRows(ragged),
      .input(right, transposeRight ? [r, n, k] : [r, k, n]).ofRows(ragged && sums),
    ]
    if adding == .another { arguments.append(.input(addend, shape).ofRows(ragged && !sums)) }
    let output: OperationArgument =
      adding == .output ? .updated(addend, shape) : .output(shape)
    arguments.append(output.ofRows(ragged && !sums))
    return OperationCase(
      "matmul", "\(sizes)\(precision == .float32 ? "" : ", bfloat16")", arguments,
      flops: 2 * Double(r) * Double(m) * Double(n) * Double(k),
      expected: { [sizes] in
        let result = Oracle.matmul(
          Oracle.operand(left, precision), Oracle.operand(right, precision),
          adding: sizes.adds ? addend.doubles : nil, sizes, precision: precision,
          indices: indices)
        return [.numbers(result)]
      }
    ) { backend, tensors in
      try backend.matmul(
        tensors[0], transposeLeft: transposeLeft, tensors[1], transposeRight: transposeRight,
        adding: adding == .nothing ? nil : tensors[2], precision: precision,
        into: tensors[tensors.count - 1])
    }
  }
}

extension OperationDescription {
  static let matmul = OperationDescription("matmul") { extent, numbers in
    products(extent).map { sizes, precision, adding in
      let (r, m, n, k) = (sizes.replicas, sizes.rows, sizes.columns, sizes.inner)
      return .matmul(
        sizes, precision, adding: adding, left: numbers.awkward(r * m * k),
        right: numbers.awkward(r * k * n), addend: numbers.awkward(r * m * n))
    }
  }

  private typealias Product = (MatrixProduct, Precision, Addend)

  private static func products(_ extent: Extent) -> [Product] {
    switch extent {
    case .cohort: cohortProducts
    case .small: smallProducts
    case .device:
      Precision.allCases.flatMap { precision in
        // The long inner size is that of a weight's gradient.
        [(1, 1, 1), (7, 31, 65), (97, 129, 33), (256, 192, 64), (48, 64, 1030)].flatMap { size in
          (0..<4).map { form in
            let product = MatrixProduct(
              replicas: 3, rows: size.0, columns: size.1, inner: size.2,
              transposeLeft: form & 1 != 0, transposeRight: form & 2 != 0)
            return (product, precision, form == 0 || form == 3 ? .output : .nothing)
          }
        }
      }
    case .every: manyProducts(.float32) + addingProducts + manyProducts(.bfloat16)
    }
  }

  private static let cohortProducts: [Product] = {
    // Rows, columns, inner; left and right transposed.
    let forms: [(Int, Int, Int, Bool, Bool, Precision, Addend)] = [
      (33, 65, 257, false, true, .float32, .output), (50, 48, 64, false, false, .float32, .nothing),
      (24, 40, 1030, true, false, .float32, .output), (9, 17, 33, true, true, .float32, .nothing),
      (1, 100, 64, false, true, .float32, .output), (131, 33, 20, false, true, .float32, .nothing),
      (131, 17, 300, false, false, .float32, .another),
      (21, 34, 131, true, false, .float32, .nothing),
      (33, 65, 257, false, true, .bfloat16, .output),
      (131, 33, 20, false, true, .bfloat16, .nothing),
      (24, 40, 1030, true, false, .bfloat16, .output),
      (21, 34, 131, true, false, .bfloat16, .nothing),
    ]
    return forms.map { product($0, replicas: 5) }
  }()

  /// More rows, columns and terms than a small tile has, and a sum that is split.
  private static let smallProducts: [Product] = {
    let forms: [(Int, Int, Int, Bool, Bool, Precision, Addend)] = [
      (35, 37, 21, false, true, .float32, .output), (9, 17, 33, false, false, .float32, .nothing),
      (5, 9, 1030, true, false, .float32, .output), (9, 17, 21, true, true, .float32, .nothing),
      (35, 37, 21, false, true, .bfloat16, .nothing),
    ]
    return forms.map { product($0, replicas: 3) }
  }()

  private static func product(
    _ form: (Int, Int, Int, Bool, Bool, Precision, Addend), replicas: Int
  ) -> Product {
    let (rows, columns, inner, transposeLeft, transposeRight, precision, adding) = form
    let product = MatrixProduct(
      replicas: replicas, rows: rows, columns: columns, inner: inner,
      transposeLeft: transposeLeft, transposeRight: transposeRight)
    return (product, precision, adding)
  }

  /// 1, tiles and their neighbours, primes, and one long size each, transposed in every way (of
  /// bfloat16, which is rounded before, in the ways that models use).
  private static func manyProducts(_ precision: Precision) -> [Product] {
    let sizes: [(Int, Int, Int)] = [
      (1, 1, 1), (1, 2, 7), (2, 1, 8), (7, 7, 7), (8, 15, 16), (15, 8, 17), (16, 16, 16),
      (17, 31, 33), (31, 17, 2), (33, 63, 1), (63, 33, 64), (64, 64, 64), (65, 65, 65),
      (97, 48, 31), (129, 97, 15), (49, 129, 8), (1, 257, 97), (257, 1, 63), (48, 16, 129),
      (3, 5, 4099),
    ]
    let long = precision == .float32 ? [(4099, 3, 7), (2, 4099, 9)] : [(130, 129, 260)]
    let forms = [(false, false), (false, true), (true, false), (true, true)]
    let all = (sizes + long).flatMap { size in
      forms.prefix(precision == .float32 ? 4 : 3).map { (size, $0) }
    }
    return all.enumerated().map { number, product in
      let ((m, n, k), (transposeLeft, transposeRight)) = product
      let sizes = MatrixProduct(
        replicas: m > 1000 || n > 1000 ? 1 : 1 + (number + 1) % 3, rows: m, columns: n, inner: k,
        transposeLeft: transposeLeft, transposeRight: transposeRight)
      return (sizes, precision, Addend.allCases[(number + 1) / 2 % 3])
    }
  }

  /// Every form of addend, on one to three replicas.
  private static let addingProducts: [Product] = Addend.allCases.flatMap { adding in
    [(5, 37, 19), (50, 32, 16), (64, 80, 128), (13, 33, 300), (26, 9, 521)].flatMap { m, n, k in
      (1...3).flatMap { replicas in
        [false, true].map { transposeLeft in
          let product = MatrixProduct(
            replicas: replicas, rows: m, columns: n, inner: k, transposeLeft: transposeLeft,
            transposeRight: (m + replicas) % 2 == 0)
          return (product, .float32, adding)
        }
      }
    }
  }
}
