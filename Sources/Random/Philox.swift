import Foundation

/// Philox 4x32-10: a counter-based random number generator (Salmon et al. 2011, "Parallel Random
/// Numbers: As Easy as 1, 2, 3").
///
/// Ten rounds of two 32-bit multiplications turn a key of two words and a counter of four into four
/// random words. There is no state: a draw depends on (seed, purpose, step, index) and not on
/// earlier draws. So a resumed run, or a run with other cohorts, draws the same numbers.
/// `Kernels/Common/common.cl` has the same function.
public struct Philox: Hashable, Sendable {
  public typealias Words = (UInt32, UInt32, UInt32, UInt32)

  /// The last word of the counter, so purposes never share a counter. `RandomStream` divides each
  /// purpose further. The value 2 is retired.
  public enum Purpose: UInt32, Sendable {
    case initialWeights = 1
    case documents = 3
    case sampling = 4
    case prompts = 5
    case tests = 6
    case preferences = 7
    case rollouts = 8
    case redTeam = 9
    case samples = 10
  }

  public let key: (UInt32, UInt32)

  public init(seed: UInt64) {
    key = (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
  }

  public static func == (left: Philox, right: Philox) -> Bool { left.key == right.key }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(key.0)
    hasher.combine(key.1)
  }

  /// Four random words for one counter.
  public func words(_ counter: Words) -> Words {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<10 {
      let first = UInt64(0xD251_1F53) * UInt64(c0)
      let second = UInt64(0xCD9E_8D57) * UInt64(c2)
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: second >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: first)
      )
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }

  /// A sequence of draws.
  public func stream(_ stream: RandomStream) -> Stream {
    let counter = stream.counter
    return Stream(
      philox: self, purpose: counter.purpose, step: counter.step, index: counter.index)
  }

  /// Numbers drawn one after another under a fixed (purpose, step, index).
  public struct Stream: RandomNumberGenerator, Sendable {
    let philox: Philox
    let purpose: UInt32
    let step: UInt32
    let index: UInt32
    private var block: UInt32 = 0
    private var words: Words = (0, 0, 0, 0)
    private var used = 4

    init(philox: Philox, purpose: UInt32, step: UInt32, index: UInt32) {
      self.philox = philox
      self.purpose = purpose
      self.step = step
      self.index = index
    }

    /// The next 32 random bits.
    public mutating func nextWord() -> UInt32 {
      if used == 4 {
        words = philox.words((block, index, step, purpose))
        block &+= 1
        used = 0
      }
      defer { used += 1 }
      switch used {
      case 0: return words.0
      case 1: return words.1
      case 2: return words.2
      default: return words.3
      }
    }

    public mutating func next() -> UInt64 {
      let low = UInt64(nextWord())
      return low | UInt64(nextWord()) << 32
    }

    /// A whole number in 0 ..< bound, without bias (Lemire 2019, arXiv:1805.10941).
    public mutating func next(below bound: Int) -> Int {
      precondition(bound > 0 && bound <= Int(UInt32.max), "next(below:): bound \(bound)")
      let range = UInt32(bound)
      var product = UInt64(nextWord()) * UInt64(range)
      if UInt32(truncatingIfNeeded: product) < range {
        let threshold = (0 &- range) % range
        while UInt32(truncatingIfNeeded: product) < threshold {
          product = UInt64(nextWord()) * UInt64(range)
        }
      }
      return Int(product >> 32)
    }

    /// A number in (0, 1): the centre of one of 2²⁴ equal cells.
    public mutating func nextUniform() -> Double {
      (Double(nextWord() >> 8) + 0.5) * 0x1p-24
    }

    /// Two independent standard normal numbers (Box & Muller 1958).
    public mutating func nextNormals() -> (Double, Double) {
      let radius = (-2 * log(nextUniform())).squareRoot()
      let angle = 2 * Double.pi * nextUniform()
      return (radius * cos(angle), radius * sin(angle))
    }
  }
}
