import Foundation
import Tensors

extension Oracle {
  /// SwiGLU of gates and values that err themselves.
  ///
  /// Bound. Errors δ move y = s(a) b with s = silu by |s'(a) b| δa + |s(a)| δb + |b| δa² / 4 + 1.1 δa δb, because
  /// |s'| < 1.1 and |s''| <= 1/2; and `swiGLU` errs by its own bound, of the moved y.
  static func gated(_ gateAndUp: Expected, width: Int) -> Expected {
    var output = swiGLU(gateAndUp.values, width: width)
    for index in 0..<output.count {
      let start = index / width * 2 * width + index % width
      let (gate, up) = (gateAndUp.values[start], gateAndUp.values[start + width])
      let (dGate, dUp) = (gateAndUp.bounds[start], gateAndUp.bounds[start + width])
      let sigma = 1 / (1 + exp(-gate))
      let slope = sigma * (1 + gate / (1 + exp(gate)))
      let moved =
        abs(slope * up) * dGate + abs(gate) * sigma * dUp + abs(up) * dGate * dGate / 4
        + 1.1 * dGate * dUp
      output.bounds[index] += (1 + 16 * unitRoundoff) * moved + 2 * underflow * moved
    }
    return output
  }

  /// The gradient of SwiGLU where the gradient g of its result errs by δ: it is linear in g.
  static func gatedGradient(
    _ gateAndUp: [Double], outputGradient: Expected, width: Int
  ) -> Expected {
    var gradient = swiGLUGradient(gateAndUp, outputGradient: outputGradient.values, width: width)
    for index in 0..<outputGradient.count {
      let start = index / width * 2 * width + index % width
      let (gate, up) = (gateAndUp[start], gateAndUp[start + width])
      let (sigma, rest) = (1 / (1 + exp(-gate)), 1 / (1 + exp(gate)))
      let error = (1 + 64 * unitRoundoff) * outputGradient.bounds[index]
      gradient.bounds[start] +=
        error * abs(up) * sigma * (abs(1 + gate * rest) + 32 * unitRoundoff * abs(gate) * rest)
      gradient.bounds[start + width] += error * abs(gate) * sigma
    }
    return gradient
  }
}

extension OperationDescription {
  static let gatedMatmul = OperationDescription("gatedMatmul") { extent, numbers in
    gatedSizes(extent).map { r, rows, width, inner, precision, keeps in
      let sizes = MatrixProduct(
        replicas: r, rows: rows, columns: 2 * width, inner: inner, transposeRight: true)
      let input = numbers.normals(r * rows * inner)
      let weight = numbers.normals(r * 2 * width * inner)
      let arguments: [OperationArgument] = [
        .input(input, [r, rows, inner]).ofRows(), .input(weight, [r, 2 * width, inner]),
        .output([r, rows, width]).ofRows(),
      ]
      return OperationCase(
        "gatedMatmul", name(r, rows, width, inner, precision),
        arguments + (keeps ? [.output([r, rows, 2 * width]).ofRows()] : []),
        flops: Double(r * rows * width) * Double(4 * inner + 5),
        expected: {
          let product = Oracle.matmul(
            Oracle.operand(input, precision), Oracle.operand(weight, precision), sizes,
            precision: precision)
          let output = Oracle.gated(product, width: width)
          return [.numbers(output)] + (keeps ? [.numbers(product)] : [])
        }
      ) { backend, tensors in
        try backend.gatedMatmul(
          tensors[0], weight: tensors[1], precision: precision,
          gateAndUp: keeps ? tensors[3] : nil, into: tensors[2])
      }
    }
  }

  static let gatedMatmulGradient = OperationDescription("gatedMatmulGradient") {
    extent, numbers in
    gatedSizes(extent).map { r, rows, width, inner, precision, inPlace in
      let sizes = MatrixProduct(replicas: r, rows: rows, columns: width, inner: inner)
      let upstream = numbers.normals(r * rows * inner)
      let weight = numbers.normals(r * inner * width)
      let gates = numbers.normals(r * rows * 2 * width, scale: 3)
      let wide: Shape = [r, rows, 2 * width]
      let arguments: [OperationArgument] = [
        .input(upstream, [r, rows, inner]).ofRows(), .input(weight, [r, inner, width]),
        (inPlace ? OperationArgument.updated(gates, wide) : .input(gates, wide)).ofRows(),
      ]
      return OperationCase(
        "gatedMatmulGradient", name(r, rows, width, inner, precision),
        arguments + (inPlace ? [] : [.output(wide).ofRows()]),
        flops: Double(r * rows * width) * Double(2 * inner + 12),
        expected: {
          let product = Oracle.matmul(
            Oracle.operand(upstream, precision), Oracle.operand(weight, precision), sizes,
            precision: precision)
          return [
            .numbers(
              Oracle.gatedGradient(gates.doubles, outputGradient: product, width: width))
          ]
        }
      ) { backend, tensors in
        try backend.gatedMatmulGradient(
          tensors[0], weight: tensors[1], gateAndUp: tensors[2], precision: precision,
          into: tensors[inPlace ? 2 : 3])
      }
    }
  }

  private static func name(
    _ r: Int, _ rows: Int, _ width: Int, _ inner: Int, _ precision: Precision
  ) -> String {
    "R \(r), \(rows) x \(width) x \(inner)" + (precision == .float32 ? "" : ", bfloat16")
  }

  /// Replicas, rows, F, the terms of a sum, precision, and whether the product is kept, or the gradient
  /// written in place.
  private static func gatedSizes(
    _ extent: Extent
  ) -> [(Int, Int, Int, Int, Precision, Bool)] {
    switch extent {
    case .cohort: [(5, 131, 33, 20, .float32, true), (5, 24, 40, 65, .bfloat16, false)]
    case .small: [(3, 35, 17, 21, .float32, true)]
    case .device:
      [
        (3, 1, 1, 1, .float32, true), (3, 97, 65, 33, .float32, false),
        (3, 256, 168, 64, .float32, true), (3, 64, 72, 96, .bfloat16, true),
      ]
    case .every:
      [
        (1, 1, 1, 1, .float32, true), (2, 1, 2, 7, .float32, false),
        (3, 7, 3, 8, .float32, true), (1, 15, 8, 17, .float32, false),
        (2, 33, 31, 16, .float32, true), (3, 64, 32, 64, .float32, false),
        (1, 65, 33, 65, .float32, true), (2, 129, 65, 15, .float32, false),
        (3, 97, 48, 129, .float32, true), (1, 3, 257, 31, .float32, true),
        (1, 2, 5, 1030, .float32, false), (1, 1030, 2, 5, .float32, true),
        (2, 33, 31, 16, .bfloat16, true), (3, 65, 33, 40, .bfloat16, false),
      ]
    }
  }
}
