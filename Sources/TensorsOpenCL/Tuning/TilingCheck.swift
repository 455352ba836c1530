package import Conformance
package import Tensors

extension ProductShape {
  /// A product of this shape with random operands and its definition.
  ///
  /// - Parameter compared: the number of elements for which the definition is evaluated.
  package func problem(comparing compared: Int = 4096) -> OperationCase {
    .product(product, precision, comparing: compared)
  }
}

extension OpenCLBackend {
  /// Computes small products in every tiling that the device can run. Results of the first tiling are
  /// compared with sums in double precision, results of the others with the bytes of the first.
  ///
  /// - Parameter small: Whether the products are smaller than most tiles, for simulators.
  /// - Returns: the failure, or nil.
  /// - Throws: A failure of the device.
  package func wrongTiling(of precision: Precision, small: Bool = false) throws -> String? {
    defer { forcedTiling = nil }
    // Sizes that exceed a tile and a block and are not multiples of them; one product is split-K.
    let products =
      small
      ? [("NT", 35, 37, 21)]
      : [("NT", 150, 141, 69), ("NN", 35, 140, 64), ("TN", 70, 45, 600)]
    for (form, rows, columns, inner) in products {
      let shape = ProductShape(
        form: form, rows: rows, columns: columns, inner: inner, replicas: 2,
        precision: precision)
      let problem = shape.problem(comparing: .max)
      var first: OperationCase.Outcome?
      for tiling in tilings(for: precision) {
        forcedTiling = tiling
        let outcome = try problem.run(on: self)
        let wrong =
          outcome.violations.first
          ?? (first == nil
            ? problem.deviation(of: outcome, from: problem.expected()).note : nil)
        if let wrong { return "\(shape) in tiles of \(tiling): \(wrong)" }
        guard outcome.written == first?.written ?? outcome.written else {
          return
            "\(shape) in tiles of \(tiling): other bytes than in those of \(tilings(for: precision)[0])"
        }
        first = outcome
      }
    }
    return nil
  }
}
