/// The type of a tensor's elements. All types have four bytes at present.
public enum ElementType: String, Sendable {
  case float32
  case int32

  public var byteCount: Int { 4 }
}

/// Memory of a backend. The tensors that refer to it own it, and it is returned when the last
/// tensor is released.
public protocol Storage: AnyObject {
  var byteCount: Int { get }
}

/// Elements of one type on one backend: R blocks of contiguous, row-major elements.
///
/// Block r begins at element `offset + r * replicaStride` of the storage. A named parameter is thus
/// a view into an (R, P) buffer, and a layer of a cache a view into an (R, L, ...) one.
/// Tensors are not `Sendable`: one thread owns them and their backend.
public struct Tensor {
  public let shape: Shape
  public let elementType: ElementType
  public let storage: any Storage
  /// The index of replica 0's first element in the storage.
  public let offset: Int
  /// Elements from a replica's first element to the next replica's.
  public let replicaStride: Int
  /// The rows with values; nil if all rows have values.
  public let live: LiveRows?
  public let backend: any Backend

  public init(
    shape: Shape, elementType: ElementType, storage: any Storage, offset: Int = 0,
    replicaStride: Int? = nil, live: LiveRows? = nil, backend: any Backend
  ) {
    let stride = replicaStride ?? shape.elementsPerReplica
    let end = offset + (shape.replicas - 1) * stride + shape.elementsPerReplica
    require(
      offset >= 0 && stride >= shape.elementsPerReplica
        && end * elementType.byteCount <= storage.byteCount, "tensor",
      "shape \(shape) at offset \(offset), replica stride \(stride) leaves its storage of "
        + "\(storage.byteCount) bytes")
    self.shape = shape
    self.elementType = elementType
    self.storage = storage
    self.offset = offset
    self.replicaStride = stride
    self.live = live
    self.backend = backend
  }

  /// Whether replicas follow each other without a gap.
  public var isContiguous: Bool {
    replicaStride == shape.elementsPerReplica || shape.replicas == 1
  }

  /// The same elements in another shape with the same number of elements per replica.
  public func reshaped(_ shape: Shape) -> Tensor {
    require(
      shape.replicas == self.shape.replicas
        && shape.elementsPerReplica == self.shape.elementsPerReplica, "reshaped",
      "shapes \(self.shape) and \(shape) do not hold the same elements per replica")
    require(
      live == nil || shape.width == self.shape.width, "reshaped",
      "rows of \(self.shape) are not rows of \(shape), and some hold nothing")
    return Tensor(
      shape: shape, elementType: elementType, storage: storage, offset: offset,
      replicaStride: replicaStride, live: live, backend: backend)
  }

  /// The same elements in another number of replicas. The tensor must be contiguous.
  public func regrouped(_ shape: Shape) -> Tensor {
    require(
      isContiguous && live == nil && shape.elementCount == self.shape.elementCount, "regrouped",
      "\(self.shape), \(replicaStride) apart, is not \(shape)")
    return Tensor(
      shape: shape, elementType: elementType, storage: storage, offset: offset, backend: backend)
  }

  /// A contiguous part of every replica's block, from its element `start`.
  public func slice(from start: Int, shape: Shape) -> Tensor {
    require(
      shape.replicas == self.shape.replicas && start >= 0
        && start + shape.elementsPerReplica <= self.shape.elementsPerReplica, "slice",
      "shape \(shape) from element \(start) leaves \(self.shape)")
    return Tensor(
      shape: shape, elementType: elementType, storage: storage, offset: offset + start,
      replicaStride: replicaStride, backend: backend)
  }

  /// Some of the replicas, as a tensor on the same storage.
  public func replicas(_ range: Range<Int>) -> Tensor {
    require(
      !range.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape.replicas, "replicas",
      "\(range) leaves \(shape)")
    return Tensor(
      shape: Shape([range.count] + shape.dimensions.dropFirst()), elementType: elementType,
      storage: storage, offset: offset + range.lowerBound * replicaStride,
      replicaStride: replicaStride, live: live?.replicas(range), backend: backend)
  }

  /// The same elements with other live rows.
  public func with(live: LiveRows?) -> Tensor {
    Tensor(
      shape: shape, elementType: elementType, storage: storage, offset: offset,
      replicaStride: replicaStride, live: live, backend: backend)
  }

  /// Waits for the backend and returns every element, replica after replica.
  ///
  /// - Throws: A failure of the device.
  public func floats() throws -> [Float] {
    require(elementType == .float32, "floats", "the tensor holds \(elementType.rawValue)")
    return try elements(of: Float.self)
  }

  /// Waits for the backend and returns every element, replica after replica.
  ///
  /// - Throws: A failure of the device.
  public func integers() throws -> [Int32] {
    require(elementType == .int32, "integers", "the tensor holds \(elementType.rawValue)")
    return try elements(of: Int32.self)
  }

  private func elements<Element: BitwiseCopyable>(of type: Element.Type) throws -> [Element] {
    try [Element](unsafeUninitializedCapacity: shape.elementCount) { buffer, count in
      try backend.download(self, into: UnsafeMutableRawBufferPointer(buffer))
      count = shape.elementCount
    }
  }

  /// Copies host values into the tensor, replica after replica.
  ///
  /// - Throws: A failure of the device.
  public func assign(_ values: [Float]) throws {
    require(
      elementType == .float32 && values.count == shape.elementCount, "assign",
      "\(values.count) floats for \(shape) of \(elementType.rawValue)")
    try values.withUnsafeBytes { try backend.upload($0, to: self) }
  }

  /// Copies host values into the tensor, replica after replica.
  ///
  /// - Throws: A failure of the device.
  public func assign(_ values: [Int32]) throws {
    require(
      elementType == .int32 && values.count == shape.elementCount, "assign",
      "\(values.count) integers for \(shape) of \(elementType.rawValue)")
    try values.withUnsafeBytes { try backend.upload($0, to: self) }
  }
}

extension Backend {
  /// A tensor with uninitialised elements.
  ///
  /// - Throws: A failure of the device.
  public func empty(
    _ shape: Shape, _ elementType: ElementType = .float32, live: LiveRows? = nil
  ) throws -> Tensor {
    Tensor(
      shape: shape, elementType: elementType,
      storage: try makeStorage(byteCount: shape.elementCount * elementType.byteCount),
      live: live, backend: self)
  }

  /// A tensor with these values, replica after replica.
  ///
  /// - Throws: A failure of the device.
  public func tensor(_ values: [Float], _ shape: Shape) throws -> Tensor {
    let tensor = try empty(shape)
    try tensor.assign(values)
    return tensor
  }

  /// A tensor with these values, replica after replica.
  ///
  /// - Throws: A failure of the device.
  public func tensor(_ values: [Int32], _ shape: Shape) throws -> Tensor {
    let tensor = try empty(shape, .int32)
    try tensor.assign(values)
    return tensor
  }

  /// A tensor of zeros.
  ///
  /// - Throws: A failure of the device.
  public func zeros(_ shape: Shape, _ elementType: ElementType = .float32) throws -> Tensor {
    let tensor = try empty(shape, elementType)
    try fill(tensor, bits: 0)
    return tensor
  }
}
