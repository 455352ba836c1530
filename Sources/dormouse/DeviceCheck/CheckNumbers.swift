import Random
import Tensors

/// Random inputs of a check: Philox with the purpose `tests`, so that a seed gives them again.
struct CheckNumbers {
  private var stream: Philox.Stream

  init(seed: UInt64, index: Int = 0) { stream = Philox(seed: seed).stream(.tests(index: index)) }

  /// Standard normal numbers times a scale.
  mutating func normals(_ count: Int, scale: Double = 1) -> [Float] {
    (0..<count).map { _ in Float(scale * stream.nextNormals().0) }
  }

  /// Normal numbers of magnitudes from 2⁻⁸ to 2⁸, one in 64 of them zero: sums of them cancel and
  /// lose digits where an evaluation is careless.
  mutating func awkward(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      let exponent = stream.next(below: 17) - 8
      let value = Float(sign: .plus, exponent: exponent, significand: 1)
      return stream.next(below: 64) == 0 ? 0 : value * Float(stream.nextNormals().0)
    }
  }

  mutating func integers(_ count: Int, in range: Range<Int>) -> [Int32] {
    (0..<count).map { _ in Int32(range.lowerBound + stream.next(below: range.count)) }
  }

  /// Any 32 bits.
  mutating func words(_ count: Int) -> [Int32] {
    (0..<count).map { _ in Int32(bitPattern: stream.nextWord()) }
  }

  /// Lengths of rows of up to `positions`: the first full, the second empty, the others drawn.
  mutating func lengths(_ count: Int, positions: Int) -> [Int32] {
    (0..<count).map { index in
      switch index {
      case 0: Int32(positions)
      case 1: 0
      default: Int32(stream.next(below: positions + 1))
      }
    }
  }
}

extension [Float] {
  var doubles: [Double] { map { Double($0) } }
}
