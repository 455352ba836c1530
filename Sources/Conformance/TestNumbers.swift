internal import Foundation
import Random
public import Tensors

/// Random inputs from Philox with the purpose `tests`, so the same seed gives the same inputs.
public struct TestNumbers: Sendable {
  private var stream: Philox.Stream

  /// - Parameters:
  ///   - seed: decides every number.
  ///   - index: the index of one of several independent sequences.
  public init(seed: UInt64, index: Int = 0) {
    stream = Philox(seed: seed).stream(.tests(index: index))
  }

  /// - Parameter seed: a different seed for every case; failures print it.
  public init(seed: Int) { self.init(seed: UInt64(seed)) }

  /// Standard normal numbers times a scale.
  public mutating func normals(_ count: Int, scale: Double = 1) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(count + 1)
    while values.count < count {
      let (first, second) = stream.nextNormals()
      values.append(Float(scale * first))
      values.append(Float(scale * second))
    }
    return Array(values.prefix(count))
  }

  /// Normal numbers of magnitudes from 2⁻⁸ to 2⁸, one in 64 of them zero. Their sums cancel, so a
  /// careless evaluation loses digits.
  public mutating func awkward(_ count: Int) -> [Float] {
    normals(count).map { value in
      let word = stream.nextWord()
      return word % 64 == 0
        ? 0 : value * Float(sign: .plus, exponent: Int(word >> 8) % 17 - 8, significand: 1)
    }
  }

  /// Numbers in [-1, 1) that are cheap to make, for large tensors. With the precision bfloat16 they
  /// need no rounding and have magnitudes from 2⁻⁸ to 1. In both cases another order of a sum gives
  /// another rounding.
  public mutating func operands(_ count: Int, _ precision: Precision) -> [Float] {
    (0..<count).map { _ in
      let word = stream.nextWord()
      if precision == .float32 { return Float(Int32(bitPattern: word)) * 0x1p-31 }
      // Seven bits and a sign, and a power of two.
      return Float(
        sign: .plus, exponent: -Int(word & 7),
        significand: Float(Int32(bitPattern: word) >> 24) * 0x1p-7)
    }
  }

  /// Numbers in (0, 1).
  public mutating func uniforms(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float(stream.nextUniform() * 0.999) }
  }

  /// Integers in a range.
  public mutating func integers(_ count: Int, in range: Range<Int>) -> [Int32] {
    (0..<count).map { _ in Int32(range.lowerBound + stream.next(below: range.count)) }
  }

  /// Any 32 bits.
  public mutating func words(_ count: Int) -> [Int32] {
    (0..<count).map { _ in Int32(bitPattern: stream.nextWord()) }
  }

  /// Lengths of rows of up to `positions`: the first full, the second empty, the others drawn.
  public mutating func lengths(_ count: Int, positions: Int) -> [Int32] {
    (0..<count).map { index in
      switch index {
      case 0: Int32(positions)
      case 1: 0
      default: Int32(stream.next(below: positions + 1))
      }
    }
  }
}
