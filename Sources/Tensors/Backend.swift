/// A device that stores tensors and computes on them.
///
/// Every operation writes into tensors that its caller allocated, so every training step makes the
/// same calls on the same memory. Calls enqueue and return; `download` and `finish` wait. Wrong
/// shapes are programming errors: the operation traps with one sentence that names the shapes.
/// Failures of the device are thrown, such as `OpenCLError`, by every method that
/// throws.
///
/// A backend and its tensors belong to one thread.
///
/// ## Two names of an operation Callers use an operation's own name, such as `adamW`: a method of
/// an extension, which checks shapes, element types and live rows once for all backends. It then
/// calls the requirement with the prefix `compute`, such as `computeAdamW`. Every backend
/// implements it, and there are no other callers. A backend does not check shapes again. It may
/// check values, such as indices, if they are in host memory.
///
/// ## Requirements on every implementation
/// - Each output element is within the bound of its operation, for any finite input.
/// - The same inputs give the same bytes on the same device in every run. A replica's bytes do not
///   depend on R or on the values in other replicas.
/// - Nothing is written outside the output tensors, and every element of an output is written.
public protocol Backend: AnyObject, MatrixOperations, GatedProductOperations, AttentionOperations,
  CacheOperations,
  NormalizationOperations, ElementwiseOperations, EmbeddingOperations, LossOperations,
  OptimizerOperations, MuonOperations, SamplingOperations, NormalizedProductOperations
{
  /// The device, for records and messages.
  var device: DeviceDescription { get }

  /// The largest size in bytes of a training step's activations at a time, so that they fit into a
  /// cache; nil if the device needs all of its work at once.
  var workingSet: Int? { get }

  /// Whether operands of bfloat16 are rounded into separate memory before a product.
  var copiesOperands: Bool { get }

  /// Whether `attention` rotates queries and keys while it reads them. If not, a call with a rotary table
  /// makes a rotated copy, and a caller who may change the projection rotates it in place before.
  var rotatesInAttention: Bool { get }

  /// Whether `gatedMatmul` and its gradient are one command each. If not, the separate operations need no
  /// more memory traffic than they do.
  func fusesGates(_ precision: Precision) -> Bool

  /// The best distribution of independent replicas over the device: backends on the device or on
  /// parts of it, and the number of replicas of each. Their work may overlap: commands on one
  /// backend do not wait for the others, and tensors are not shared between them.
  func spread(_ replicas: Int) -> [(backend: any Backend, replicas: Int)]

  /// A backend for a rehearsal of work, which lists the kernels that the device must compile for
  /// it; nil if nothing is compiled.
  func rehearsal() -> (any Rehearsal)?

  /// A backend that computes nothing and counts the memory that this one would take.
  func projection() -> any Backend

  /// Uninitialised memory of at least the given size. Sizes repeat from step to step, so returned
  /// memory is reused.
  func makeStorage(byteCount: Int) throws -> any Storage

  /// Returns unused memory to the device. Call it before work with other sizes.
  func trim()

  /// Copies host bytes into a tensor, replica after replica. The bytes may be reused on return.
  func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws

  /// Waits for all enqueued commands, then copies a tensor to the host, replica after replica.
  func download(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) throws

  /// Sets every element to one 32-bit pattern.
  func fill(_ tensor: Tensor, bits: UInt32) throws

  /// Called by `copy`.
  func computeCopy(_ source: Tensor, to destination: Tensor) throws

  /// Lets sums of gradients wait until `finishSums`, so that a device can sum many of them together. A sum
  /// waits no longer than until a command uses its output, so callers see no difference. Calls can be nested.
  /// Callers use `summingTogether`.
  ///
  /// - Parameter elements: The `WaitingSums.room` of all sums that are expected.
  func beginSums(elements: Int)

  /// Ends a call of `beginSums`. The outermost end sums what waits.
  func finishSums() throws

  /// Sends all enqueued commands to the device without waiting, also those of parts of the device. A
  /// driver may keep commands until then.
  func flush() throws

  /// Waits for all enqueued commands, also on parts of the device.
  func finish() throws

  /// Bytes of tensor memory, including memory of parts of the device.
  var memory: MemoryUse { get }
}

extension Backend {
  /// Copies elements between tensors of one shape and element type that do not overlap.
  ///
  /// - Throws: A failure of the device.
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
  /// Bytes of existing tensors: now, and at the peak.
  public var current = 0
  public var peak = 0
  /// Bytes allocated on the device, including unused memory: now, and at the peak.
  public var allocated = 0
  public var peakAllocated = 0
  /// The largest tensor so far: its bytes, and what it is if this is known: an operation that writes it,
  /// and the shape.
  public var largest = 0
  public var largestName: String?

  public init() {}
}

/// A description of a device, for records beside products. It is never part of a stage's identity.
public struct DeviceDescription: Sendable, Hashable, Codable {
  /// The device's name on the command line: `cpu` or `opencl:0:0`.
  public var selector: String
  /// "cpu", "opencl".
  public var backend: String
  public var name: String
  public var driver: String
  /// A digest of everything else that decides bytes: kernel sources and build options, or the core
  /// type of the BLAS.
  public var implementation: String
  /// The tuning for this device, which does not change bytes; nil if the backend has no tuning.
  public var tuning: String?
  /// Bytes that tensors may occupy in all.
  public var memoryLimit: Int
  /// Bytes of the largest tensor; nil if the memory is the only limit.
  public var largestBuffer: Int?

  public init(
    selector: String, backend: String, name: String, driver: String, implementation: String,
    tuning: String? = nil, memoryLimit: Int, largestBuffer: Int? = nil
  ) {
    self.selector = selector
    self.backend = backend
    self.name = name
    self.driver = driver
    self.implementation = implementation
    self.tuning = tuning
    self.memoryLimit = memoryLimit
    self.largestBuffer = largestBuffer
  }
}

/// Traps with the operation's name and a sentence if a shape rule is not met.
///
/// It is a function of this module with `fatalError` and not a `precondition`. So the sentence is
/// also printed in optimised builds, and the check remains if the caller is compiled without
/// checks.
@inline(never)
public func require(
  _ condition: @autoclosure () -> Bool, _ operation: String, _ sentence: @autoclosure () -> String
) {
  if !condition() { fatalError("\(operation): \(sentence())") }
}
