/// A backend that computes nothing and counts the memory that another backend would take. The same
/// calls on it give the needed memory before anything is allocated.
///
/// Tensors have no elements; downloads are zeros.
public final class ProjectingBackend: ForwardingBackend {
  private let ledger: MemoryLedger
  private let largest: Largest
  private let waiting: WaitingSums
  private let pool: StoragePool<Void>

  /// The largest tensor, of all parts of the device, and its name once an operation has written it.
  private final class Largest {
    weak var storage: (any Storage)?
    var byteCount = 0
    var name: String?
  }

  /// - Parameter original: the projected backend: its limits, and its distribution of replicas.
  public convenience override init(_ original: any Backend) {
    self.init(original, ledger: MemoryLedger(), Largest())
  }

  private init(_ original: any Backend, ledger: MemoryLedger, _ largest: Largest) {
    self.ledger = ledger
    self.largest = largest
    waiting = WaitingSums(for: original.device)
    pool = StoragePool(
      limit: original.device.memoryLimit, largest: original.device.largestBuffer ?? .max,
      ledger: ledger
    ) { _ in }
    super.init(original)
  }

  public override var memory: MemoryUse {
    var use = ledger.use
    use.largestName = largest.name
    return use
  }

  public override func spread(_ replicas: Int) -> [(backend: any Backend, replicas: Int)] {
    original.spread(replicas).map { backend, count in
      (backend === original ? self : ProjectingBackend(backend, ledger: ledger, largest), count)
    }
  }

  private final class Place: Storage {
    let byteCount: Int
    private let pool: StoragePool<Void>

    init(_ byteCount: Int, _ pool: StoragePool<Void>) throws {
      self.byteCount = try pool.take(byteCount).size
      self.pool = pool
    }

    deinit { pool.give((), size: byteCount) }
  }

  public override func makeStorage(byteCount: Int) throws -> any Storage {
    let place = try Place(byteCount, pool)
    if byteCount > largest.byteCount {
      (largest.storage, largest.byteCount, largest.name) = (place, byteCount, nil)
    }
    return place
  }

  /// Names the largest tensor after the first operation that writes it.
  private func note(_ operation: String, _ written: [Tensor]) {
    guard largest.name == nil, let storage = largest.storage,
      let tensor = written.first(where: { $0.storage === storage })
    else { return }
    largest.name =
      operation + ", " + tensor.shape.dimensions.map { "\($0)" }.joined(separator: " x ")
  }

  public override func download(
    _ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  public override func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws {}
  public override func flush() throws {}
  public override func finish() throws {}
  public override func trim() { pool.trim() }

  public override func beginSums(elements: Int) {
    if workingSet == nil { waiting.begin(elements: elements) }
  }

  public override func finishSums() throws {
    guard workingSet == nil, waiting.end() else { return }
    _ = waiting.take()
    waiting.release()
  }

  /// Whether the parts of a sum wait, in memory that is counted.
  private func waits(parts: Int, into output: Tensor, adding: Tensor? = nil) throws -> Bool {
    let segment = try waiting.segment(parts: parts, into: output, adding: adding, on: self) {
      _ = waiting.take()
    }
    if let segment { waiting.append(segment) }
    return segment != nil
  }

  /// Nothing is computed.
  ///
  /// - Throws: A failure of the device.
  public override func forward(
    _ operation: String, writing written: [Tensor], _ body: () throws -> Void
  ) throws { note(operation, written) }

  // MARK: Temporary buffers that backends allocate inside operations

  public override func computeMatmul(
    _ sizes: MatrixProduct, _ left: Tensor, _ right: Tensor, adding: Tensor?,
    precision: Precision, into output: Tensor
  ) throws {
    note("matmul", [output])
    // Both copies exist until the product has been enqueued.
    let copied = copiesOperands ? precision : .float32
    let operands = (try operand(left, copied), try operand(right, copied))
    defer { _ = operands }
    if workingSet == nil && sizes.parts > 1 {
      if try waits(parts: sizes.parts, into: output, adding: adding) { return }
      // Memory for all parts of the sum, and for their sum before `adding` is added.
      let parts = try empty([sizes.replicas, sizes.parts, sizes.rows, sizes.columns])
      note("parts of matmul", [parts])
      if sizes.adds { _ = try empty(output.shape) }
      _ = parts
    } else if workingSet != nil && sizes.adds && sizes.inner > 256 {
      // Memory for the sums of a part of a long k.
      _ = try empty(output.shape)
    }
  }

  /// Counts the memory of the normalised rows, which a GPU does not need if they are few.
  public override func computeNormalizedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, weight: Tensor, epsilon: Float, _ right: Tensor,
    precision: Precision, into output: Tensor
  ) throws {
    try normalizeAndMultiply(
      input, weight: weight, epsilon: epsilon, right, precision: precision, into: output)
  }

  public override func computeGatedMatmul(
    _ sizes: MatrixProduct, _ input: Tensor, _ weight: Tensor, precision: Precision,
    gateAndUp: Tensor?, into output: Tensor
  ) throws {
    guard fusesGates(precision) else {
      return try composeGatedMatmul(
        sizes, input, weight, precision: precision, gateAndUp: gateAndUp, into: output)
    }
    note("gatedMatmul", [output] + (gateAndUp.map { [$0] } ?? []))
    let operands = (try operand(input, precision), try operand(weight, precision))
    withExtendedLifetime(operands) {}
  }

  public override func computeGatedMatmulGradient(
    _ sizes: MatrixProduct, _ outputGradient: Tensor, _ weight: Tensor, gateAndUp: Tensor,
    precision: Precision, into gradient: Tensor
  ) throws {
    guard fusesGates(precision) else {
      return try composeGatedMatmulGradient(
        sizes, outputGradient, weight, gateAndUp: gateAndUp, precision: precision, into: gradient)
    }
    note("gatedMatmulGradient", [gradient])
    let operands = (try operand(outputGradient, precision), try operand(weight, precision))
    withExtendedLifetime(operands) {}
  }

  public override func computeAttention(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    into output: Tensor, logSumExp: Tensor
  ) throws {
    note("attention", [output, logSumExp])
    _ = try rotated(projection, sizes, by: rotatesInAttention ? nil : rotaryTable)
  }

  public override func computeAttentionGradient(
    _ sizes: AttentionSizes, _ projection: Tensor, rotaryTable: Tensor?, lengths: Tensor,
    output: Tensor, logSumExp: Tensor, outputGradient: Tensor, into projectionGradient: Tensor
  ) throws {
    note("attentionGradient", [projectionGradient])
    let copy = try rotated(projection, sizes, by: rotatesInAttention ? nil : rotaryTable)
    defer { _ = copy }
    _ = try empty(logSumExp.shape)
  }

  public override func computeRMSNormGradient(
    _ sizes: NormalizationSizes, _ input: Tensor, weight: Tensor, scale: Tensor,
    outputGradient: Tensor, adding: Tensor?, into inputGradient: Tensor, weightGradient: Tensor
  ) throws {
    note("rmsNormGradient", [inputGradient])
    let height =
      workingSet == nil
      ? NormalizationSizes.rowsPerPartOnGPUs : NormalizationSizes.rowsPerPart
    let parts = (sizes.rows + height - 1) / height
    if workingSet == nil {
      if try parts == 1 || waits(parts: parts, into: weightGradient) { return }
    }
    _ = try empty([sizes.replicas, parts, sizes.channels])
  }
}
