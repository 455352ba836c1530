/// A backend that forwards every call to another backend. A subclass sees all calls of operations
/// and can replace them.
open class ForwardingBackend: Backend {
  public let original: any Backend

  public init(_ original: any Backend) { self.original = original }

  /// Runs one operation. Every call of an operation goes through here.
  ///
  /// - Parameters:
  ///   - operation: its name, such as "adamW".
  ///   - written: the tensors that it writes.
  ///   - body: the original's call.
  /// - Throws: A failure of the device.
  open func forward(
    _ operation: String, writing written: [Tensor], _ body: () throws -> Void
  ) throws {
    try body()
  }

  // MARK: Memory

  open var device: DeviceDescription { original.device }
  open var workingSet: Int? { original.workingSet }
  open var copiesOperands: Bool { original.copiesOperands }
  open var rotatesInAttention: Bool { original.rotatesInAttention }
  open var memory: MemoryUse { original.memory }
  open func fusesGates(_ precision: Precision) -> Bool { original.fusesGates(precision) }
  open func spread(_ replicas: Int) -> [(backend: any Backend, replicas: Int)] {
    [(self, replicas)]
  }
  open func makeStorage(byteCount: Int) throws -> any Storage {
    try original.makeStorage(byteCount: byteCount)
  }
  open func trim() { original.trim() }
  open func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws {
    try original.upload(bytes, to: tensor)
  }
  open func download(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) throws {
    try original.download(tensor, into: bytes)
  }
  open func flush() throws { try original.flush() }
  open func beginSums(elements: Int) { original.beginSums(elements: elements) }
  open func finishSums() throws { try original.finishSums() }
  open func finish() throws { try original.finish() }

  open func fill(_ tensor: Tensor, bits: UInt32) throws {
    try forward("fill", writing: [tensor]) { try original.fill(tensor, bits: bits) }
  }

  open func computeCopy(_ source: Tensor, to destination: Tensor) throws {
    try forward("copy", writing: [destination]) {
      try original.computeCopy(source, to: destination)
    }
  }

  // MARK: Products and attention

  open func computeMatmul(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, adding: Tensor?,
    precision: Precision, into output: Tensor
  ) throws {
    try forward("matmul", writing: [output]) {
      try original.computeMatmul(
        sizes, left, right, adding: adding, precision: precision, into: output)
    }
  }

  open func computeGatedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, _ weight: Tensor, precision: Precision,
    gateAndUp: Tensor?, into output: Tensor
  ) throws {
    try forward("gatedMatmul", writing: [output] + (gateAndUp.map { [$0] } ?? [])) {
      try original.computeGatedMatmul(
        sizes, input, weight, precision: precision, gateAndUp: gateAndUp, into: output)
    }
  }

  open func computeGatedMatmulGradient(
    _ sizes: MatrixProduct, _ outputGradient: Tensor, _ weight: Tensor, gateAndUp: Tensor,
    precision: Precision, into gradient: Tensor
  ) throws {
    try forward("gatedMatmulGradient", writing: [gradient]) {
      try original.computeGatedMatmulGradient(
        sizes, outputGradient, weight, gateAndUp: gateAndUp, precision: precision, into: gradient)
    }
  }

  open func computeRotary(
    _ sizes: AttentionSizes, _ projection: Tensor, table: Tensor, start: Tensor?, inverse: Bool,
    into output: Tensor
  ) throws {
    try forward("rotary", writing: [output]) {
      try original.computeRotary(
        sizes, projection, table: table, start: start, inverse: inverse, into: output)
    }
  }

  open func computeAttention(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    into output: Tensor, logSumExp: Tensor
  ) throws {
    try forward("attention", writing: [output, logSumExp]) {
      try original.computeAttention(
        sizes, projection, rotaryTable: rotaryTable, lengths: lengths, into: output,
        logSumExp: logSumExp)
    }
  }

  open func computeAttentionGradient(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    output: Tensor, logSumExp: Tensor, outputGradient: Tensor, into projectionGradient: Tensor
  ) throws {
    try forward("attentionGradient", writing: [projectionGradient]) {
      try original.computeAttentionGradient(
        sizes, projection, rotaryTable: rotaryTable, lengths: lengths, output: output,
        logSumExp: logSumExp, outputGradient: outputGradient, into: projectionGradient)
    }
  }

  open func computeStoreKeysAndValues(
    _ sizes: CacheSizes, _ projection: Tensor, keys: Tensor, values: Tensor
  ) throws {
    try forward("storeKeysAndValues", writing: [keys, values]) {
      try original.computeStoreKeysAndValues(sizes, projection, keys: keys, values: values)
    }
  }

  open func computeAttentionDecode(
    _ sizes: CacheSizes, _ projection: Tensor, table: Tensor, keys: Tensor, values: Tensor,
    positions: Tensor, step: Int, into output: Tensor
  ) throws {
    try forward("attentionDecode", writing: [output, keys, values]) {
      try original.computeAttentionDecode(
        sizes, projection, table: table, keys: keys, values: values, positions: positions,
        step: step, into: output)
    }
  }

  // MARK: Rows and elements

  open func computeRMSNorm(
    _ sizes: NormalizationSizes, _ input: Tensor, weight: Tensor, epsilon: Float,
    into output: Tensor, scale: Tensor
  ) throws {
    try forward("rmsNorm", writing: [output, scale]) {
      try original.computeRMSNorm(
        sizes, input, weight: weight, epsilon: epsilon, into: output, scale: scale)
    }
  }

  open func computeRMSNormGradient(
    _ sizes: NormalizationSizes, _ input: Tensor, weight: Tensor, scale: Tensor,
    outputGradient: Tensor, adding: Tensor?, into inputGradient: Tensor, weightGradient: Tensor
  ) throws {
    try forward("rmsNormGradient", writing: [inputGradient, weightGradient]) {
      try original.computeRMSNormGradient(
        sizes, input, weight: weight, scale: scale, outputGradient: outputGradient,
        adding: adding, into: inputGradient, weightGradient: weightGradient)
    }
  }

  open func computeNormalizedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, weight: Tensor, epsilon: Float, _ right: Tensor,
    precision: Precision, into output: Tensor
  ) throws {
    try forward("normalizedMatmul", writing: [output]) {
      try original.computeNormalizedMatmul(
        sizes, input, weight: weight, epsilon: epsilon, right, precision: precision, into: output)
    }
  }

  open func computeAdd(_ left: Tensor, _ right: Tensor, into output: Tensor) throws {
    try forward("add", writing: [output]) { try original.computeAdd(left, right, into: output) }
  }

  open func computeRoundToBFloat16(_ input: Tensor, into output: Tensor) throws {
    try forward("roundToBFloat16", writing: [output]) {
      try original.computeRoundToBFloat16(input, into: output)
    }
  }

  open func computeSwiGLU(
    _ sizes: SwiGLUSizes, _ gateAndUp: Tensor, into output: Tensor
  ) throws {
    try forward("swiGLU", writing: [output]) {
      try original.computeSwiGLU(sizes, gateAndUp, into: output)
    }
  }

  open func computeSwiGLUGradient(
    _ sizes: SwiGLUSizes, _ gateAndUp: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    try forward("swiGLUGradient", writing: [gradient]) {
      try original.computeSwiGLUGradient(
        sizes, gateAndUp, outputGradient: outputGradient, into: gradient)
    }
  }

  open func computeEmbedding(
    _ sizes: EmbeddingSizes, _ indices: Tensor, table: Tensor, into output: Tensor
  ) throws {
    try forward("embedding", writing: [output]) {
      try original.computeEmbedding(sizes, indices, table: table, into: output)
    }
  }

  open func computeEmbeddingGradient(
    _ sizes: EmbeddingSizes, _ indices: Tensor, outputGradient: Tensor, accumulate: Bool,
    into tableGradient: Tensor
  ) throws {
    try forward("embeddingGradient", writing: [tableGradient]) {
      try original.computeEmbeddingGradient(
        sizes, indices, outputGradient: outputGradient, accumulate: accumulate,
        into: tableGradient)
    }
  }

  // MARK: Losses and sampling

  open func computeTokenLogProbabilities(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, into logProbabilities: Tensor,
    logSumExp: Tensor
  ) throws {
    try forward("tokenLogProbabilities", writing: [logProbabilities, logSumExp]) {
      try original.computeTokenLogProbabilities(
        sizes, logits, targets: targets, into: logProbabilities, logSumExp: logSumExp)
    }
  }

  open func computeTokenLogProbabilitiesInPlace(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, outputGradient: Tensor,
    into logProbabilities: Tensor
  ) throws {
    try forward("tokenLogProbabilitiesInPlace", writing: [logits, logProbabilities]) {
      try original.computeTokenLogProbabilitiesInPlace(
        sizes, logits, targets: targets, outputGradient: outputGradient,
        into: logProbabilities)
    }
  }

  open func computeTokenLogProbabilitiesGradient(
    _ sizes: LossSizes, _ logits: Tensor, targets: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, into gradient: Tensor
  ) throws {
    try forward("tokenLogProbabilitiesGradient", writing: [gradient]) {
      try original.computeTokenLogProbabilitiesGradient(
        sizes, logits, targets: targets, logSumExp: logSumExp, outputGradient: outputGradient,
        into: gradient)
    }
  }

  open func computeWeightedSum(_ values: Tensor, weights: Tensor, into output: Tensor) throws {
    try forward("weightedSum", writing: [output]) {
      try original.computeWeightedSum(values, weights: weights, into: output)
    }
  }

  open func computeWeightedSumGradient(
    weights: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {
    try forward("weightedSumGradient", writing: [gradient]) {
      try original.computeWeightedSumGradient(
        weights: weights, outputGradient: outputGradient, into: gradient)
    }
  }

  open func computeSample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, step: Int,
    places: Tensor?, into output: Tensor
  ) throws {
    try forward("sample", writing: [output]) {
      try original.computeSample(
        logits, temperature: temperature, keys: keys, positions: positions, step: step,
        places: places, into: output)
    }
  }

  // MARK: Optimizers

  open func computeSumOfSquares(_ values: Tensor, into output: Tensor) throws {
    try forward("sumOfSquares", writing: [output]) {
      try original.computeSumOfSquares(values, into: output)
    }
  }

  open func computeGateUpdate(
    loss: Tensor, squaredNorm: Tensor, schedule: Tensor, clip: Float, steps: Tensor,
    active: Tensor, control: Tensor
  ) throws {
    try forward("gateUpdate", writing: [control, steps, active]) {
      try original.computeGateUpdate(
        loss: loss, squaredNorm: squaredNorm, schedule: schedule, clip: clip, steps: steps,
        active: active, control: control)
    }
  }

  open func computeAdamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    control: Tensor, settings: AdamWSettings, decayed: Int
  ) throws {
    try forward("adamW", writing: [parameters, firstMoment, secondMoment]) {
      try original.computeAdamW(
        parameters: parameters, gradients: gradients, firstMoment: firstMoment,
        secondMoment: secondMoment, control: control, settings: settings, decayed: decayed)
    }
  }

  open func computeSGD(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor,
    settings: SGDSettings, decayed: Int
  ) throws {
    try forward("sgd", writing: [parameters, momentum]) {
      try original.computeSGD(
        parameters: parameters, gradients: gradients, momentum: momentum, control: control,
        settings: settings, decayed: decayed)
    }
  }

  open func computeMuonMomentum(
    _ sizes: MuonSizes, gradients: Tensor, momentum: Tensor, control: Tensor, beta: Float,
    into direction: Tensor
  ) throws {
    try forward("muonMomentum", writing: [direction, momentum]) {
      try original.computeMuonMomentum(
        sizes, gradients: gradients, momentum: momentum, control: control, beta: beta,
        into: direction)
    }
  }

  open func computeNormalizeMatrices(
    _ matrices: Tensor, squaredNorm: Tensor, epsilon: Float
  ) throws {
    try forward("normalizeMatrices", writing: [matrices]) {
      try original.computeNormalizeMatrices(
        matrices, squaredNorm: squaredNorm, epsilon: epsilon)
    }
  }

  open func computeAddPolynomial(
    _ gram: Tensor, into square: Tensor, a: Float, b: Float, c: Float
  ) throws {
    try forward("addPolynomial", writing: [square]) {
      try original.computeAddPolynomial(gram, into: square, a: a, b: b, c: c)
    }
  }

  open func computeMuonUpdate(
    _ sizes: MuonSizes, parameters: Tensor, direction: Tensor, control: Tensor, scale: Float,
    decay: Float
  ) throws {
    try forward("muonUpdate", writing: [parameters]) {
      try original.computeMuonUpdate(
        sizes, parameters: parameters, direction: direction, control: control, scale: scale,
        decay: decay)
    }
  }
}
