import Kernels
public import Tensors

/// What ends a product instead of storing it: `GATE` of matmul_local.cl.
enum Gate: Int, CaseIterable {
  case swiGLU = 1
  case swiGLUGradient = 2
}

extension OpenCLBackend {
  /// Matrix units have no such kernels.
  public func fusesGates(_ precision: Precision) -> Bool {
    style == .manyItems && (precision == .float32 || matrixUnits == nil)
  }

  public func computeGatedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, _ weight: Tensor, precision: Precision,
    gateAndUp: Tensor?, into output: Tensor
  ) throws {
    guard canEnd(sizes, precision, with: .swiGLU) else {
      return try composeGatedMatmul(
        sizes, input, weight, precision: precision, gateAndUp: gateAndUp, into: output)
    }
    try multiplyByGroups(
      sizes, operand(input, precision), operand(weight, precision), gateAndUp, output, on: nil,
      gate: .swiGLU)
  }

  public func computeGatedMatmulGradient(
    _ sizes: MatrixProduct, _ outputGradient: Tensor, _ weight: Tensor, gateAndUp: Tensor,
    precision: Precision, into gradient: Tensor
  ) throws {
    guard canEnd(sizes, precision, with: .swiGLUGradient) else {
      return try composeGatedMatmulGradient(
        sizes, outputGradient, weight, gateAndUp: gateAndUp, precision: precision, into: gradient)
    }
    try multiplyByGroups(
      sizes, operand(outputGradient, precision), operand(weight, precision), gateAndUp, gradient,
      on: nil, gate: .swiGLUGradient)
  }

  /// The tiling of a product with an end: that of the product alone, or else a smaller square.
  func tiling(for product: MatrixProduct, ending gate: Gate) -> ProductTiling {
    let tiling = tiling(for: product, on: nil)
    let all = ProductTiling.throughLocalMemory(ending: gate, isIntelGPU: build.isIntelGPU)
    if all.contains(tiling) { return tiling }
    return all.first { $0.rows == $0.columns && $0.depth == tiling.depth } ?? all[all.count - 1]
  }

  /// Whether a product is computed and ended by one kernel that this device can build and launch.
  private func canEnd(_ sizes: MatrixProduct, _ precision: Precision, with gate: Gate) -> Bool {
    guard fusesGates(precision) else { return false }
    let tiling = tiling(for: sizes, ending: gate)
    return rehearsed != nil
      || usableKernel(
        .matmulLocal, constants: tiling.constants(on: nil, gate: gate),
        items: tiling.itemsPerGroup) != nil
  }
}
