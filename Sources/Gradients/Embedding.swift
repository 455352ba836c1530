public import Tensors

extension Tape {
  /// Rows of a table by index.
  ///
  /// - Parameters:
  ///   - indices: (R, ...) int32.
  ///   - table: (R, V, C).
  /// - Returns: (R, ..., C).
  /// - Throws: A failure of the device.
  public func embedding(_ indices: Tensor, table: Variable) throws -> Variable {
    let output = try backend.empty(
      Shape(indices.shape.dimensions + [table.value.shape[2]]), live: indices.live)
    try backend.embedding(indices, table: table.value, into: output)
    return record(output, from: [table]) { [unowned self] g in
      guard table.isTracked else { return }
      let gradient = try table.destination ?? backend.empty(table.value.shape)
      if let sum = table.gradient, table.destination == nil {
        try backend.copy(sum, to: gradient)
      }
      try backend.embeddingGradient(
        indices, outputGradient: g, accumulate: table.gradient != nil, into: gradient)
      table.gradient = gradient
    }
  }

  /// Some rows of (R, ..., C), each taken at most once.
  ///
  /// - Parameters:
  ///   - rows: (R, N) int32: the indices of the rows, -1 for a row of zeros.
  ///   - places: (R, M) int32: the index in `rows` of each of the M rows of the input, or -1. With
  ///     it the gradient is also a gather, without a sum. Its live rows are the input's.
  ///   - takesAll: Whether `rows` are all live rows of the input in their order, and N is M. Then nothing is
  ///     copied.
  /// - Returns: (R, N, C).
  /// - Throws: A failure of the device.
  public func gather(
    _ input: Variable, rows: Tensor, places: Tensor, takesAll: Bool = false
  ) throws -> Variable {
    let x = input.value.asMatrix
    if takesAll {
      require(
        rows.shape == places.shape, "gather",
        "rows \(rows.shape) are not all of \(places.shape)")
      return record(x.with(live: rows.live), from: [input]) { [unowned self] g in
        try contribute(g.with(live: x.live).reshaped(input.value.shape), to: input)
      }
    }
    let output = try backend.empty(
      [x.shape[0], rows.shape[1], x.shape[2]], live: rows.live)
    try backend.embedding(rows, table: x, into: output)
    return record(output, from: [input]) { [unowned self] g in
      let gradient = try backend.empty(x.shape, live: x.live)
      try backend.embedding(places, table: g, into: gradient)
      try contribute(gradient.reshaped(input.value.shape), to: input)
    }
  }
}
