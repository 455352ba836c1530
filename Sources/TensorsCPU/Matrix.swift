internal import COpenBLAS
import Random
public import Tensors

extension CPUBackend {
  public func computeMatmul(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, adding: Tensor?,
    precision: Precision, into output: Tensor
  ) throws {
    let (left, right) = (try operand(left, precision), try operand(right, precision))
    let transposeLeft = sizes.transposeLeft
    let whole = ProductForm(sizes)
    let height = whole.blockHeight
    let blocks = (sizes.rows + height - 1) / height
    // Live rows of every replica: they limit the computed rows, or the terms of the sum.
    let live = liveRows(of: left)
    let forms = (0..<sizes.replicas).map { replica in
      var form = whole
      if let live, transposeLeft { form.inner = live[replica] }
      let rows = transposeLeft ? sizes.rows : live?[replica] ?? sizes.rows
      let tail = rows - max(0, (rows - 1) / height) * height
      return (form, rows, tailHeight: tailHeights.height(for: tail, of: form, within: whole))
    }
    let (a, b, y) = (floats(left), floats(right), floats(output))
    let c = adding.map(floats)

    func body(_ item: Int) {
      let (replica, block) = (item / blocks, item % blocks)
      let (form, rows, tailHeight) = forms[replica]
      let row = block * height
      if row >= rows { return }
      let count = min(height, rows - row)
      let called = count < height ? tailHeight : height
      let result = y[replica] + row * form.columns
      let operand = a[replica] + (transposeLeft ? row : row * form.inner)
      let stride = transposeLeft ? sizes.rows : form.inner
      if c == nil && called == count {
        form.multiply(operand, stride: stride, b[replica], rows: called, into: result)
        return
      }
      let paddedSize = called == count ? 0 : called * form.inner
      withScratch(called * form.columns + paddedSize) { product in
        if called == count {
          form.multiply(operand, stride: stride, b[replica], rows: called, into: product)
        } else {
          let padded = product + called * form.columns
          form.pad(operand, stride: stride, rows: count, to: called, into: padded)
          form.multiply(
            padded, stride: transposeLeft ? called : form.inner, b[replica], rows: called,
            into: product)
        }
        let size = count * form.columns
        if let c {
          let addend = c[replica] + row * form.columns
          forEachLanes(size) { i, lanes in
            (Lanes(product + i, count: lanes) + Lanes(addend + i, count: lanes))
              .store(result + i, count: lanes)
          }
        } else {
          result.update(from: product, count: size)
        }
      }
    }
    let items = sizes.replicas * blocks
    if items * min(sizes.rows, height) * whole.columns * whole.inner < Self.smallProduct {
      for item in 0..<items { body(item) }
    } else {
      workers.run(items, body)
    }
  }

  /// The number of multiplications that take as long as waking a thread.
  private static let smallProduct = 1 << 19
}

/// The properties of a product that do not depend on its number of rows.
struct ProductForm: Hashable {
  let columns: Int
  var inner: Int
  let transposeLeft: Bool
  let transposeRight: Bool

  init(_ sizes: MatrixProduct) {
    columns = sizes.columns
    inner = sizes.inner
    transposeLeft = sizes.transposeLeft
    transposeRight = sizes.transposeRight
  }

  /// Rows of one call. With another number of rows OpenBLAS chooses other inner loops, which round
  /// differently, so all blocks have the same height. A weight's gradient has few rows and a long
  /// inner dimension: its blocks are lower, so that a second thread has work. Both heights are
  /// multiples of 12 and 16, the heights of the inner loops of AVX2 and AVX-512 kernels.
  var blockHeight: Int { transposeLeft ? 48 : 96 }

  /// output (rows, columns) = op(left) · op(right), with `stride` from row to row of left as stored.
  @inline(__always)
  func multiply(
    _ left: UnsafePointer<Float>, stride: Int, _ right: UnsafePointer<Float>, rows: Int,
    into output: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeLeft ? CblasTrans : CblasNoTrans,
      transposeRight ? CblasTrans : CblasNoTrans, Int32(truncatingIfNeeded: rows),
      Int32(truncatingIfNeeded: columns), Int32(truncatingIfNeeded: inner), 1, left,
      Int32(truncatingIfNeeded: stride), right,
      Int32(truncatingIfNeeded: transposeRight ? inner : columns), 0, output,
      Int32(truncatingIfNeeded: columns))
  }

  /// Copies `rows` rows of left and adds rows of zeros up to `height`.
  func pad(
    _ left: UnsafePointer<Float>, stride: Int, rows: Int, to height: Int,
    into padded: UnsafeMutablePointer<Float>
  ) {
    if transposeLeft {
      for k in 0..<inner {
        (padded + k * height).update(from: left + k * stride, count: rows)
        (padded + k * height + rows).update(repeating: 0, count: height - rows)
      }
    } else {
      padded.update(from: left, count: rows * inner)
      (padded + rows * inner).update(repeating: 0, count: (height - rows) * inner)
    }
  }
}

/// Lower blocks for the last rows of a product, if they are known to give the same bytes.
///
/// For some heights below a block's height OpenBLAS uses the same inner loop. These heights depend
/// on the processor. They are found once per form by a comparison of products of random numbers:
/// another order of summation changes some of the bytes.
struct TailHeights {
  private var known: [ProductForm: [Int]] = [:]
  private static let candidates = [8, 12, 16, 24, 32, 48, 72]
  /// Larger products use the whole block, because a comparison would take too much time and memory.
  private static let largestComparison = 1 << 22

  /// The lowest height at which the first `rows` rows have the same bytes as in a whole block.
  ///
  /// - Parameter whole: the form without live rows. A sum over live rows has a different length,
  ///   and so a different form, every time. Then only small products are compared.
  mutating func height(for rows: Int, of form: ProductForm, within whole: ProductForm) -> Int {
    let largest = form == whole ? Self.largestComparison : Self.largestComparison >> 5
    if rows == form.blockHeight || form.inner * form.columns > largest || form.inner == 0 {
      return form.blockHeight
    }
    let heights = known[form] ?? Self.heights(form)
    known[form] = heights
    return heights.first { $0 >= rows } ?? form.blockHeight
  }

  private static func heights(_ form: ProductForm) -> [Int] {
    let (full, inner, columns) = (form.blockHeight, form.inner, form.columns)
    var stream = Philox(seed: 0).stream(.tests())
    func random(_ count: Int) -> [Float] {
      (0..<count).map { _ in Float(Int32(bitPattern: stream.nextWord())) * 0x1p-31 }
    }
    let left = random(full * inner)
    let right = random(inner * columns)
    func product(_ height: Int) -> [UInt32] {
      var operand = left
      if form.transposeLeft {
        // The first columns of the (inner, full) matrix, packed.
        operand = (0..<inner).flatMap { left[$0 * full..<$0 * full + height] }
      }
      var result = [Float](repeating: 0, count: height * columns)
      form.multiply(
        operand, stride: form.transposeLeft ? height : inner, right, rows: height, into: &result)
      return result.map(\.bitPattern)
    }
    let whole = product(full)
    return candidates.filter { height in
      height < full && product(height)[...] == whole[..<(height * columns)]
    }
  }
}
