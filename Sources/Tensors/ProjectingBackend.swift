/// A backend that computes nothing and takes the memory that another would: the same calls on it tell
/// what they need, before anything is allocated.
///
/// Tensors hold no elements; downloads are zeros.
public final class ProjectingBackend: Backend {
  public let device: DeviceDescription
  public let workingSet: Int?
  private let original: any Backend
  private let ledger: MemoryLedger
  private let pool: StoragePool<Void>

  /// - Parameter original: what is projected: its limits, and how it spreads replicas.
  public convenience init(_ original: any Backend) {
    self.init(original, ledger: MemoryLedger())
  }

  private init(_ original: any Backend, ledger: MemoryLedger) {
    self.original = original
    self.ledger = ledger
    device = original.device
    workingSet = original.workingSet
    pool = StoragePool(limit: original.device.memoryLimit, ledger: ledger) { _ in }
  }

  public var memory: MemoryUse { ledger.use }

  public func spread(_ replicas: Int) -> [(backend: any Backend, replicas: Int)] {
    original.spread(replicas).map { backend, count in
      (backend === original ? self : ProjectingBackend(backend, ledger: ledger), count)
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

  public func makeStorage(byteCount: Int) throws -> any Storage { try Place(byteCount, pool) }

  public func download(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) throws {
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws {}
  public func fill(_ tensor: Tensor, bits: UInt32) throws {}
  public func copy(_ source: Tensor, to destination: Tensor) throws {}
  public func finish() throws {}
  public func trim() { pool.trim() }
}

// What operations on OpenCL devices need besides their arguments, for a moment.
extension ProjectingBackend {
  public func matmul(
    _ left: Tensor, transposeLeft: Bool, _ right: Tensor, transposeRight: Bool, adding: Tensor?,
    precision: Precision, into output: Tensor
  ) throws {
    let sizes = MatrixProduct(
      left, transposeLeft: transposeLeft, right, transposeRight: transposeRight, adding: adding,
      into: output)
    // Held together until the product has been enqueued.
    let copied = original.copiesOperands ? precision : .float32
    let operands = (try operand(left, copied), try operand(right, copied))
    defer { _ = operands }
    if workingSet == nil && sizes.parts > 1 {
      // All parts of the sum, and their sum before it is added.
      let parts = try empty([sizes.replicas, sizes.parts, sizes.rows, sizes.columns])
      if sizes.adds { _ = try empty(output.shape) }
      _ = parts
    } else if workingSet != nil && sizes.adds && sizes.inner > 256 {
      // Sums of a part of a long k.
      _ = try empty(output.shape)
    }
  }

  public func attentionGradient(
    _ projection: Tensor, lengths: Tensor, heads: Int, output: Tensor, logSumExp: Tensor,
    outputGradient: Tensor, into projectionGradient: Tensor
  ) throws { _ = try empty(logSumExp.shape) }

  public func rmsNormGradient(
    _ input: Tensor, weight: Tensor, scale: Tensor, outputGradient: Tensor, adding: Tensor?,
    into inputGradient: Tensor, weightGradient: Tensor
  ) throws {
    let shape = input.shape
    _ = try empty([shape.replicas, (shape.rowsPerReplica + 63) / 64, shape.width])
  }

  public func rotary(
    _ projection: Tensor, heads: Int, table: Tensor, start: Tensor?, inverse: Bool,
    into output: Tensor
  ) throws {}

  public func attention(
    _ projection: Tensor, lengths: Tensor, heads: Int, into output: Tensor, logSumExp: Tensor
  ) throws {}

  public func storeKeysAndValues(
    _ projection: Tensor, heads: Int, keys: Tensor, values: Tensor
  ) throws {}

  public func attentionDecode(
    _ projection: Tensor, heads: Int, keys: Tensor, values: Tensor, positions: Tensor,
    into output: Tensor
  ) throws {}

  public func rmsNorm(
    _ input: Tensor, weight: Tensor, epsilon: Float, into output: Tensor, scale: Tensor
  ) throws {}

  public func add(_ left: Tensor, _ right: Tensor, into output: Tensor) throws {}

  public func roundToBFloat16(_ input: Tensor, into output: Tensor) throws {}

  public func swiGLU(_ gateAndUp: Tensor, into output: Tensor) throws {}

  public func swiGLUGradient(
    _ gateAndUp: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {}

  public func embedding(_ indices: Tensor, table: Tensor, into output: Tensor) throws {}

  public func embeddingGradient(
    _ indices: Tensor, outputGradient: Tensor, accumulate: Bool, into tableGradient: Tensor
  ) throws {}

  public func tokenLogProbabilities(
    _ logits: Tensor, targets: Tensor, into logProbabilities: Tensor, logSumExp: Tensor
  ) throws {}

  public func tokenLogProbabilitiesGradient(
    _ logits: Tensor, targets: Tensor, logSumExp: Tensor, outputGradient: Tensor,
    into gradient: Tensor
  ) throws {}

  public func weightedSum(_ values: Tensor, weights: Tensor, into output: Tensor) throws {}

  public func weightedSumGradient(
    weights: Tensor, outputGradient: Tensor, into gradient: Tensor
  ) throws {}

  public func sumOfSquares(_ values: Tensor, into output: Tensor) throws {}

  public func gateUpdate(
    loss: Tensor, squaredNorm: Tensor, schedule: Tensor, clip: Float, steps: Tensor,
    active: Tensor, control: Tensor
  ) throws {}

  public func adamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    control: Tensor, settings: AdamWSettings, decayed: Int
  ) throws {}

  public func sgd(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor, settings: SGDSettings,
    decayed: Int
  ) throws {}

  public func muonMomentum(
    gradients: Tensor, momentum: Tensor, control: Tensor, beta: Float, into direction: Tensor
  ) throws {}

  public func normalizeMatrices(_ matrices: Tensor, squaredNorm: Tensor, epsilon: Float) throws {}

  public func addPolynomial(
    _ gram: Tensor, into square: Tensor, a: Float, b: Float, c: Float
  ) throws {}

  public func muonUpdate(
    parameters: Tensor, direction: Tensor, control: Tensor, scale: Float, decay: Float
  ) throws {}

  public func sample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, places: Tensor?,
    into output: Tensor
  ) throws {}
}
