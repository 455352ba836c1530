public import Tensors

extension Tape {
  /// The log-probability of each row's target token, from the rows before the output matrix.
  ///
  /// The logits of a large vocabulary are the largest tensor of a model. So they are computed for some
  /// rows at a time, and again for the gradient of these rows (Chen et al. 2016, arXiv:1604.06174). The
  /// gradient of the weight is the sum over the chunks in ascending order.
  ///
  /// - Parameters:
  ///   - input: (R, N, C). If it has live rows, these have chunks of `rowsPerChunk` rows, unless all rows
  ///     are one chunk.
  ///   - weight: (R, V, C).
  ///   - targets: (R, N) int32.
  ///   - rowsPerChunk: The largest number of rows whose logits exist at a time. It decides the order of
  ///     the weight's gradient, so it must not depend on the device or on R.
  ///   - expected: (R, N): the gradient of the result, if it is known.
  /// - Returns: (R, N).
  /// - Throws: A failure of the device.
  public func tokenLogProbabilities(
    _ input: Variable, weight: Variable, targets: Tensor, rowsPerChunk: Int, precision: Precision,
    expecting expected: Tensor? = nil
  ) throws -> Variable {
    let x = input.value.asMatrix
    let (rows, vocabulary) = (x.shape[1], weight.value.shape[1])
    if rows <= rowsPerChunk {
      return try tokenLogProbabilities(
        linear(input, weight: weight, precision: precision), targets: targets,
        expecting: expected)
    }
    let chunks = x.chunks(of: rowsPerChunk)
    // The rule must not hold the tape, which holds the rule.
    let backend = backend
    let output = try backend.empty([x.shape[0], rows], live: x.live)
    let logSumExp = try backend.empty([x.shape[0], rows], live: x.live)
    func logits(_ chunk: Tensor.Chunk) throws -> Tensor {
      let logits = try backend.empty([x.shape[0], chunk.rows.count, vocabulary], live: chunk.live)
      try backend.matmul(
        x.rows(chunk), transposeLeft: false, weight.value, transposeRight: true, adding: nil,
        precision: precision, into: logits)
      return logits
    }
    for chunk in chunks {
      try backend.tokenLogProbabilities(
        logits(chunk), targets: targets.numbers(chunk), into: output.numbers(chunk),
        logSumExp: logSumExp.numbers(chunk))
    }
    return record(output, from: [input, weight]) { [unowned self] g in
      let inputGradient =
        input.isTracked ? try input.destination ?? room(for: input) : nil
      for chunk in chunks {
        // The gradient replaces the logits.
        let gradient = try logits(chunk)
        try backend.tokenLogProbabilitiesGradient(
          gradient, targets: targets.numbers(chunk), logSumExp: logSumExp.numbers(chunk),
          outputGradient: g.numbers(chunk), into: gradient)
        try contribute(to: weight) { sum, weightGradient in
          try backend.matmul(
            gradient, transposeLeft: true, x.rows(chunk), transposeRight: false, adding: sum,
            precision: precision, into: weightGradient)
        }
        if let inputGradient {
          try backend.matmul(
            gradient, transposeLeft: false, weight.value, transposeRight: false,
            adding: input.gradient?.asMatrix.rows(chunk), precision: precision,
            into: inputGradient.asMatrix.rows(chunk))
        }
      }
      if let inputGradient { input.gradient = inputGradient }
    }
  }
}

extension Tensor {
  /// Consecutive rows of every replica, and those of them with values.
  struct Chunk {
    var rows: Range<Int>
    var live: LiveRows?
  }

  /// The rows of (R, N, C) in chunks of a size, the last of which may be smaller.
  fileprivate func chunks(of size: Int) -> [Chunk] {
    let starts = stride(from: 0, to: shape[1], by: size)
    require(
      live == nil
        || (live?.chunks?.rows == size
          && live?.chunks?.live.count == (shape[1] + size - 1) / size),
      "chunks", "the live rows of \(shape) have no chunks of \(size) rows")
    return starts.enumerated().map { index, start in
      Chunk(rows: start..<min(start + size, shape[1]), live: live?.chunks?.live[index])
    }
  }

  /// A chunk of the rows of (R, N, C).
  fileprivate func rows(_ chunk: Chunk) -> Tensor {
    slice(
      from: chunk.rows.lowerBound * shape[2], shape: [shape[0], chunk.rows.count, shape[2]]
    ).with(live: chunk.live)
  }

  /// A chunk of the numbers of (R, N).
  fileprivate func numbers(_ chunk: Chunk) -> Tensor {
    slice(from: chunk.rows.lowerBound, shape: [shape[0], chunk.rows.count]).with(live: chunk.live)
  }
}
