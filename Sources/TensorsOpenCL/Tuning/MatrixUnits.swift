import OpenCL
import Tensors

/// How products of bfloat16 operands are made in small matrices at a time.
public enum MatrixUnits: String, Sendable {
  /// By the tensor cores of NVIDIA's devices from compute capability 8.0 on, through PTX inside OpenCL C.
  case ptx
  /// By the same kernel with the units written out, on any device: slow, and there for tests.
  case emulation

  /// The units that a device says it has.
  static func offered(by device: Device) -> MatrixUnits? {
    (device.computeCapability ?? 0) >= 8 ? .ptx : nil
  }

  /// What matmul_matrix_units.cl is compiled with.
  var constants: [String: Int] { self == .ptx ? ["MATRIX_UNITS_PTX": 1] : [:] }
}

extension OpenCLBackend {
  /// What a user is told, where there was a question.
  public var matrixUnitsNote: String? {
    if let matrixUnits {
      return "Products of bfloat16 run on matrix units (\(matrixUnits.rawValue))."
    }
    return matrixUnitsFailure.map {
      "Products of bfloat16 run without matrix units, which failed their check: \($0)"
    }
  }

  /// Multiplies small matrices on the units in every tiling, before anything else does: what a compiler
  /// accepts need not be what it does.
  ///
  /// - Returns: what is wrong, or nil.
  func failure(of units: MatrixUnits) -> String? {
    matrixUnits = units
    do {
      return tilings(on: units).isEmpty
        ? "the device has too little local memory" : try wrongTiling(of: .bfloat16)
    } catch {
      return String(String(describing: error).prefix { $0 != "\n" })
    }
  }
}
