/// A device that stores tensors and computes on them.
///
/// Every operation writes into tensors that its caller allocated, so that a training step issues
/// the same calls on the same memory every time. Calls enqueue and return; `download` and `finish`
/// wait. Wrong shapes are programming errors and trap with one sentence that names the shapes;
/// failures of the device are thrown.
///
/// A backend and its tensors belong to one thread.
///
/// ## Two names of an operation
/// Callers use an operation's own name, such as `adamW`: a method of an extension, which checks shapes,
/// element types and live rows once for all backends. It then calls the requirement of the same name
/// after `compute`, such as `computeAdamW`, which every backend implements and nobody else calls. A
/// backend checks no shape again; it may check values, such as indices, where it can see them.
///
/// ## What every implementation owes
/// - Each output element within the bound that its operation states, for any finite input.
/// - The same bytes for the same inputs on the same device, run after run; a replica's bytes do
///   not depend on R, nor on the values in other replicas.
/// - Nothing written outside the output tensors, every element of an output written.
public protocol Backend: AnyObject, MatrixOperations, AttentionOperations, CacheOperations,
  NormalizationOperations, ElementwiseOperations, EmbeddingOperations, LossOperations,
  OptimizerOperations, MuonOperations, SamplingOperations
{
  /// What computes, for records and messages.
  var device: DeviceDescription { get }

  /// Bytes that a training step's activations should stay within, so that a cache holds them; nil
  /// where the device wants all of its work at once.
  var workingSet: Int? { get }

  /// Whether operands of bfloat16 are rounded into memory of their own before a product.
  var copiesOperands: Bool { get }

  /// How independent replicas are best spread over the device: backends on it or on parts of it, with
  /// as many replicas each. Their work may overlap: what is enqueued on one does not wait for the
  /// others, and tensors do not pass between them.
  func spread(_ replicas: Int) -> [(backend: any Backend, replicas: Int)]

  /// A backend to try work on before it is done, which tells what the device must compile for it; nil
  /// where nothing is compiled.
  func rehearsal() -> (any Rehearsal)?

  /// A backend that computes nothing and takes the memory that this one would.
  func projection() -> any Backend

  /// Memory of at least the given size, uninitialised; sizes repeat from step to step, and what is
  /// given back is handed out again.
  func makeStorage(byteCount: Int) throws -> any Storage

  /// Gives the memory back to the device that waits to be handed out again: before work whose sizes
  /// are others.
  func trim()

  /// Copies host bytes into a tensor, replica after replica. The bytes may be reused on return.
  func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws

  /// Waits for all that was enqueued, then copies a tensor out, replica after replica.
  func download(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) throws

  /// Sets every element to one 32-bit pattern.
  func fill(_ tensor: Tensor, bits: UInt32) throws

  /// Called by `copy`.
  func computeCopy(_ source: Tensor, to destination: Tensor) throws

  /// Waits for all that was enqueued, on parts of the device too.
  func finish() throws

  /// Bytes of tensor memory, those of parts of the device included.
  var memory: MemoryUse { get }
}

extension Backend {
  /// Copies elements between tensors of one shape and element type that do not overlap.
  public func copy(_ source: Tensor, to destination: Tensor) throws {
    require(
      source.shape == destination.shape && source.elementType == destination.elementType, "copy",
      "\(source.shape) of \(source.elementType.rawValue) is not \(destination.shape) of "
        + destination.elementType.rawValue)
    try computeCopy(source, to: destination)
  }
}

/// Bytes of device memory.
public struct MemoryUse: Sendable, Hashable {
  /// Held by tensors now, and at the most.
  public var current = 0
  public var peak = 0
  /// Taken from the device now, with what waits to be handed out again; and at the most.
  public var allocated = 0
  public var peakAllocated = 0

  public init() {}
}

/// What computed: for records beside products, never part of a stage's identity.
public struct DeviceDescription: Sendable, Hashable, Codable {
  /// How the command line names it: `cpu` or `opencl:0:0`.
  public var selector: String
  /// "cpu", "opencl".
  public var backend: String
  public var name: String
  public var driver: String
  /// A digest of what else decides bytes: kernel sources and build options, or the BLAS's core type.
  public var implementation: String
  /// What was tuned for this device, which decides no byte; nil where nothing can be.
  public var tuning: String?
  /// Bytes that tensors may occupy in all.
  public var memoryLimit: Int

  public init(
    selector: String, backend: String, name: String, driver: String, implementation: String,
    tuning: String? = nil, memoryLimit: Int
  ) {
    self.selector = selector
    self.backend = backend
    self.name = name
    self.driver = driver
    self.implementation = implementation
    self.tuning = tuning
    self.memoryLimit = memoryLimit
  }
}

/// Traps with the operation's name and a sentence when a shape rule does not hold.
///
/// A function call into this module and `fatalError`, not `precondition`: the sentence is printed in
/// optimised builds too, and the check stands where the caller is compiled unchecked.
@inline(never)
public func require(
  _ condition: @autoclosure () -> Bool, _ operation: String, _ sentence: @autoclosure () -> String
) {
  if !condition() { fatalError("\(operation): \(sentence())") }
}
