import Foundation
import Tensors

extension Oracle {
  /// The correctly rounded sum: double has more than twice the digits of float, so that rounding
  /// its sum again gives the float nearest to the true sum (Figueroa 1995).
  public static func add(_ left: [Double], _ right: [Double]) -> Expected {
    Expected(exactly: (0..<left.count).map { Double(Float(left[$0] + right[$0])) })
  }

  /// y = silu(gate) · up on rows of (2F): F gates, then F values.
  ///
  /// Bound: 16u |y|, as the contract says, and the underflow of σ: below a gate of -88, e^-gate is
  /// infinite in float32 and σ, less than 2⁻¹²⁵, may be zero.
  public static func swiGLU(_ gateAndUp: [Double], width: Int) -> Expected {
    var output = Expected(count: gateAndUp.count / 2)
    for index in 0..<output.count {
      let start = index / width * 2 * width + index % width
      let (gate, up) = (gateAndUp[start], gateAndUp[start + width])
      let y = gate / (1 + exp(-gate)) * up
      output.set(
        index, y,
        within: 16 * unitRoundoff * abs(y) + 2 * underflow * abs(gate) * abs(up) + underflow)
    }
    return output
  }

  /// d gate = g · up · σ · h with h = 1 + gate (1 - σ); d up = g · gate · σ.
  ///
  /// Bounds. σ errs by the factor 14u: 8u of the exponential, u of the sum, 5u of the division.
  /// d up: two products more. 1 - σ errs by 14u σ when subtracted, 16u (1 - σ) when computed as
  /// e/(1 + e); h by |gate| times that, and by 2u; d gate by 18u of the whole for σ and the products
  /// besides. σ may underflow as in `swiGLU`, and the factor of h, g · up · σ.
  public static func swiGLUGradient(
    _ gateAndUp: [Double], outputGradient: [Double], width: Int
  ) -> Expected {
    let u = unitRoundoff
    var gradient = Expected(count: gateAndUp.count)
    for index in 0..<outputGradient.count {
      let start = index / width * 2 * width + index % width
      let (gate, up, g) = (gateAndUp[start], gateAndUp[start + width], outputGradient[index])
      let sigma = 1 / (1 + exp(-gate))
      let rest = 1 / (1 + exp(gate))
      let h = 1 + gate * rest
      gradient.set(
        start, g * up * sigma * h,
        within: abs(g * up) * sigma * u
          * (18 * abs(h) + abs(gate) * (14 * sigma + 16 * rest) + 2)
          + 2 * underflow * (1 + abs(h) + abs(g * up) * (1 + abs(gate))))
      gradient.set(
        start + width, g * gate * sigma,
        within: 18 * u * abs(g * gate) * sigma + 2 * underflow * (1 + abs(g * gate)))
    }
    return gradient
  }
}

extension OperationDescription {
  static let add = OperationDescription("add") { extent, numbers in
    rowSizes(extent).flatMap { r, rows, width in
      // The output is the left operand, the right operand, or another tensor.
      (extent == .every ? [0, 1, 2] : [1]).map { place in
        let shape: Shape = [r, rows, width]
        let (left, right) = (
          numbers.awkward(shape.elementCount), numbers.awkward(shape.elementCount)
        )
        let operands: [OperationArgument] = [
          place == 0 ? .updated(left, shape) : .input(left, shape),
          place == 1 ? .updated(right, shape) : .input(right, shape),
        ]
        return OperationCase(
          "add", "R \(r), \(rows) x \(width)",
          (operands + (place == 2 ? [.output(shape)] : [])).map { $0.ofRows() },
          flops: Double(shape.elementCount),
          expected: { [.numbers(Oracle.add(left.doubles, right.doubles))] }
        ) { try $0.add($1[0], $1[1], into: $1[place]) }
      }
    }
  }

  static let roundToBFloat16 = OperationDescription("roundToBFloat16") { extent, numbers in
    rowSizes(extent).map { r, rows, width in
      let shape: Shape = [r, rows, width]
      let values = numbers.awkward(shape.elementCount)
      return OperationCase(
        "roundToBFloat16", "R \(r), \(rows) x \(width)",
        [.input(values, shape).ofRows(), .output(shape).ofRows()], flops: 0,
        expected: { [.exactly(values.map(Oracle.roundedToBFloat16))] }
      ) { try $0.roundToBFloat16($1[0], into: $1[1]) }
    }
  }

  static let swiGLU = OperationDescription("swiGLU") { extent, numbers in
    rowSizes(extent).map { r, rows, width in
      let input = gateAndUp(r * rows, width, &numbers)
      return OperationCase(
        "swiGLU", "R \(r), \(rows) x \(width)",
        [.input(input, [r, rows, 2 * width]).ofRows(), .output([r, rows, width]).ofRows()],
        flops: 5 * Double(r * rows * width),
        expected: { [.numbers(Oracle.swiGLU(input.doubles, width: width))] }
      ) { try $0.swiGLU($1[0], into: $1[1]) }
    }
  }

  static let swiGLUGradient = OperationDescription("swiGLUGradient") { extent, numbers in
    rowSizes(extent).flatMap { r, rows, width in
      (extent == .every ? [false, true] : [true]).map { inPlace in
        let wide: Shape = [r, rows, 2 * width]
        let input = gateAndUp(r * rows, width, &numbers)
        let upstream = numbers.awkward(r * rows * width)
        let arguments: [OperationArgument] = [
          inPlace ? .updated(input, wide) : .input(input, wide),
          .input(upstream, [r, rows, width]),
        ]
        return OperationCase(
          "swiGLUGradient", "R \(r), \(rows) x \(width)",
          (arguments + (inPlace ? [] : [.output(wide)])).map { $0.ofRows() },
          flops: 12 * Double(r * rows * width),
          expected: {
            [
              .numbers(
                Oracle.swiGLUGradient(
                  input.doubles, outputGradient: upstream.doubles, width: width))
            ]
          }
        ) {
          try $0.swiGLUGradient($1[0], outputGradient: $1[1], into: inPlace ? $1[0] : $1[2])
        }
      }
    }
  }

  /// Replicas, rows and width of operations on rows and elements.
  private static func rowSizes(_ extent: Extent) -> [(Int, Int, Int)] {
    switch extent {
    // More rows than a block of any sum, and not a multiple of a tile.
    case .cohort: [(5, 131, 48)]
    case .small: [(3, 35, 17)]
    case .device: [(3, 1, 1), (3, 65, 33), (3, 300, 64)]
    case .every:
      [
        (1, 1, 1), (2, 1, 2), (3, 2, 7), (1, 7, 8), (2, 8, 15), (3, 15, 16), (1, 16, 17),
        (2, 17, 31), (3, 31, 33), (1, 33, 63), (2, 63, 64), (1, 64, 65), (3, 5, 97),
        (1, 129, 129), (2, 3, 257), (1, 4099, 3), (1, 2, 4099),
      ]
    }
  }

  /// Gates and values: gates range from the middle of the sigmoid to values for which e^-gate
  /// overflows.
  private static func gateAndUp(
    _ rows: Int, _ width: Int, _ numbers: inout TestNumbers
  ) -> [Float] {
    numbers.normals(2 * rows * width).enumerated().map { index, value in
      switch index % 11 {
      case 3: 10 * value
      case 7: 50 * value
      default: value
      }
    }
  }
}
