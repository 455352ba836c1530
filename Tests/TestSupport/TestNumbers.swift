internal import Foundation
import Random
import Tensors

/// Inputs of tests, the same in every run: Philox with the purpose `tests`.
public struct TestNumbers {
  private var stream: Philox.Stream

  /// - Parameter seed: of its own for every case; failures print it through `Trace`.
  public init(seed: Int) {
    stream = Philox(seed: UInt64(seed)).stream(.tests())
  }

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

  /// Normal numbers of magnitudes from 2⁻⁸ to 2⁸, one in 64 of them zero: sums of them cancel and
  /// lose digits where an evaluation is careless.
  public mutating func awkward(_ count: Int) -> [Float] {
    normals(count).map { value in
      let word = stream.nextWord()
      return word % 64 == 0
        ? 0 : value * Float(sign: .plus, exponent: Int(word >> 8) % 17 - 8, significand: 1)
    }
  }

  /// Numbers in (0, 1).
  public mutating func uniforms(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float(stream.nextUniform() * 0.999) }
  }

  public mutating func integers(_ count: Int, in range: Range<Int>) -> [Int32] {
    (0..<count).map { _ in Int32(range.lowerBound + stream.next(below: range.count)) }
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
