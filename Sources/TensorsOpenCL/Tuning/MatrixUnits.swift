import OpenCL
import Tensors

/// The implementation of products of bfloat16 operands by products of small matrices.
public enum MatrixUnits: String, Sendable {
  /// Tensor cores of NVIDIA's devices from compute capability 8.0 on, through inline PTX in OpenCL
  /// C.
  case ptx
  /// The same kernel with emulated units, for tests on any device; it is slow.
  case emulation

  /// The units that a device reports.
  static func offered(by device: Device) -> MatrixUnits? {
    (device.computeCapability ?? 0) >= 8 ? .ptx : nil
  }

  /// The constants with which matmul_matrix_units.cl is compiled.
  var constants: [String: Int] { self == .ptx ? ["MATRIX_UNITS_PTX": 1] : [:] }
}

extension OpenCLBackend {
  /// The message to a user about matrix units; nil if no units are used and none failed.
  public var matrixUnitsNote: String? {
    if let matrixUnits {
      return "Products of bfloat16 run on matrix units (\(matrixUnits.rawValue))."
    }
    return matrixUnitsFailure.map {
      "Products of bfloat16 run without matrix units, which failed their check: \($0)"
    }
  }

  /// Multiplies small matrices on the units in every tiling before other work. This is a test of the
  /// compiler, which may accept the kernel and still compile it wrongly.
  ///
  /// - Returns: the failure, or nil.
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
