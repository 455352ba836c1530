import Tensors
import TestSupport

extension OperationCase {
  /// What Muon needs beside products.
  static var matrixUpdates: [OperationCase] {
    let r = replicas
    let (shape, turned): (Shape, Shape) = ([r, 3, 70, 130], [r, 3, 130, 70])
    let square: Shape = [r, 95, 95]
    var numbers = TestNumbers(seed: 11500)
    let control = (0..<r).flatMap { [0.5, 1e-3 * Float($0 + 1), 1.5, 4, 0.1] as [Float] }
    return [
      OperationCase(
        description: "muonMomentum",
        arguments: [
          .input(numbers.normals(shape.elementCount), shape),
          .updated(numbers.normals(shape.elementCount), shape), .input(control, [r, 5]),
          .output(turned),
        ]
      ) { backend, tensors in
        try backend.muonMomentum(
          gradients: tensors[0], momentum: tensors[1], control: tensors[2], beta: 0.95,
          into: tensors[3])
      },
      OperationCase(
        description: "normalizeMatrices",
        arguments: [
          .updated(numbers.normals(square.elementCount), square),
          .input(numbers.uniforms(r), [r]),
        ]
      ) { backend, tensors in
        try backend.normalizeMatrices(tensors[0], squaredNorm: tensors[1], epsilon: 1e-7)
      },
      OperationCase(
        description: "addPolynomial",
        arguments: [
          .input(numbers.normals(square.elementCount), square),
          .updated(numbers.normals(square.elementCount), square),
        ]
      ) { backend, tensors in
        try backend.addPolynomial(tensors[0], into: tensors[1], a: 3, b: -4, c: 2)
      },
      OperationCase(
        description: "muonUpdate",
        arguments: [
          .updated(numbers.normals(shape.elementCount), shape),
          .input(numbers.normals(shape.elementCount), turned), .input(control, [r, 5]),
        ]
      ) { backend, tensors in
        try backend.muonUpdate(
          parameters: tensors[0], direction: tensors[1], control: tensors[2], scale: 2, decay: 3)
      },
      OperationCase(
        description: "orthogonalize",
        arguments: [
          .input(numbers.normals(r * 40 * 66), [r, 40, 66]), .output([r, 40, 66]),
        ]
      ) { backend, tensors in
        let matrices = try backend.empty(tensors[0].shape)
        try backend.copy(tensors[0], to: matrices)
        try backend.copy(try backend.orthogonalize(matrices), to: tensors[1])
      },
    ]
  }
}
