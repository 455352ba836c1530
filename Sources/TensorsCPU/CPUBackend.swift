internal import COpenBLAS
internal import Foundation
public import Tensors

/// The operations of `Tensors` on the processor: products through OpenBLAS, everything else in
/// loops over eight lanes.
///
/// Work is split over replicas and over pieces. The size of pieces depends on the shape of one
/// replica alone, and every sum has one order. So neither the number of threads nor the cohort
/// changes a byte. Calls return when their work is done.
public final class CPUBackend: Backend {
  public let device: DeviceDescription
  let workers: Workers
  private let pool: StoragePool<AlignedMemory>
  private let ledger = MemoryLedger()
  private let fillsWithNaN: Bool
  var tailHeights = TailHeights()

  public var memory: MemoryUse { ledger.use }

  public func spread(_ replicas: Int) -> [(backend: any Backend, replicas: Int)] {
    [(self, replicas)]
  }

  /// - Parameters:
  ///   - threads: the number of threads; nil means one per active processor.
  ///   - fillsWithNaN: fill every new storage with NaN bits, so that a test detects an element that
  ///     is read before it is written.
  public init(threads: Int? = nil, fillsWithNaN: Bool = false) {
    // One thread per product: with more threads the bytes of OpenBLAS depend on their number.
    openblas_set_num_threads(1)
    let limit = Int(clamping: ProcessInfo.processInfo.physicalMemory / 4 * 3)
    device = DeviceDescription(
      selector: "cpu", backend: "cpu", name: Self.processorName(),
      driver: Self.text(openblas_get_config()), implementation: Self.text(openblas_get_corename()),
      memoryLimit: limit)
    workers = Workers(count: max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount))
    self.fillsWithNaN = fillsWithNaN
    pool = StoragePool(limit: limit, ledger: ledger) { [ledger] size in
      let held = ledger.use.current
      guard held + size <= limit, let memory = AlignedMemory(byteCount: size) else {
        throw CPUBackendError.outOfMemory(requested: size, held: held, limit: limit)
      }
      return memory
    }
  }

  public var workingSet: Int? {
    ProcessorCache.workingSet(
      cache: sysconf(Int32(_SC_LEVEL3_CACHE_SIZE)), processors: workers.count)
  }

  public func makeStorage(byteCount: Int) throws -> any Storage {
    let storage = try CPUStorage(byteCount: byteCount, pool: pool)
    if fillsWithNaN { storage.fill(bits: 0x7fc0_dead) }
    return storage
  }

  public func trim() { pool.trim() }

  public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws {
    let size = tensor.shape.elementsPerReplica * tensor.elementType.byteCount
    require(
      bytes.count == size * tensor.shape.replicas, "upload",
      "\(bytes.count) bytes do not fill \(tensor.shape)")
    guard let source = bytes.baseAddress else { return }
    for replica in 0..<tensor.shape.replicas {
      address(tensor, replica: replica).copyMemory(from: source + replica * size, byteCount: size)
    }
  }

  public func download(_ tensor: Tensor, into bytes: UnsafeMutableRawBufferPointer) throws {
    let size = tensor.shape.elementsPerReplica * tensor.elementType.byteCount
    require(
      bytes.count == size * tensor.shape.replicas, "download",
      "\(bytes.count) bytes do not hold \(tensor.shape)")
    guard let destination = bytes.baseAddress else { return }
    for replica in 0..<tensor.shape.replicas {
      (destination + replica * size).copyMemory(
        from: address(tensor, replica: replica), byteCount: size)
    }
  }

  public func fill(_ tensor: Tensor, bits: UInt32) throws {
    let words = elements(tensor, as: UInt32.self)
    workers.split(
      replicas: tensor.shape.replicas, count: tensor.shape.elementsPerReplica, grain: 1 << 16
    ) { replica, range in
      (words[replica] + range.lowerBound).update(repeating: bits, count: range.count)
    }
  }

  public func computeCopy(_ source: Tensor, to destination: Tensor) throws {
    let from = elements(source, as: UInt32.self)
    let to = elements(destination, as: UInt32.self)
    workers.split(
      replicas: source.shape.replicas, count: source.shape.elementsPerReplica, grain: 1 << 16
    ) { replica, range in
      (to[replica] + range.lowerBound).update(
        from: from[replica] + range.lowerBound, count: range.count)
    }
  }

  public func flush() throws {}
  public func finish() throws {}

  private static func text(_ characters: UnsafePointer<CChar>?) -> String {
    guard let characters else { return "" }
    return String(cString: characters).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func processorName() -> String {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
      return "CPU"
    }
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      let name = line.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)
      if !name.isEmpty { return name }
    }
    return "CPU"
  }
}

/// A failure of the CPU backend.
public enum CPUBackendError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A storage that does not fit into memory. All numbers are in bytes.
  case outOfMemory(requested: Int, held: Int, limit: Int)

  public var description: String {
    switch self {
    case .outOfMemory(let requested, let held, let limit):
      "cpu: no memory for a tensor of \(requested) bytes beside \(held) bytes held"
        + " (limit \(limit) bytes)"
    }
  }
}

/// The first elements of a tensor's replicas.
struct Blocks<Element> {
  let first: UnsafeMutablePointer<Element>
  let stride: Int

  @inline(__always)
  subscript(_ replica: Int) -> UnsafeMutablePointer<Element> { first + replica * stride }
}

extension CPUBackend {
  func elements<Element>(_ tensor: Tensor, as type: Element.Type) -> Blocks<Element> {
    guard let storage = tensor.storage as? CPUStorage else {
      fatalError("cpu: a tensor \(tensor.shape) of another backend")
    }
    return Blocks(
      first: storage.address.assumingMemoryBound(to: type) + tensor.offset,
      stride: tensor.replicaStride)
  }

  func floats(_ tensor: Tensor) -> Blocks<Float> { elements(tensor, as: Float.self) }

  func integers(_ tensor: Tensor) -> Blocks<Int32> { elements(tensor, as: Int32.self) }

  /// The number of live rows of every replica; nil if all rows are live.
  func liveRows(of tensor: Tensor) -> [Int]? {
    guard let live = tensor.live else { return nil }
    let counts = integers(live.counts)
    return (0..<tensor.shape.replicas).map {
      min(max(Int(counts[$0][0]), 0), tensor.shape.elementsPerReplica)
    }
  }

  private func address(_ tensor: Tensor, replica: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(elements(tensor, as: UInt32.self)[replica])
  }
}

/// Traps if an index in a tensor is outside its allowed range.
@inline(__always)
func checkIndex(_ index: Int, below bound: Int, _ operation: String) {
  if index < 0 || index >= bound {
    fatalError("\(operation): index \(index) is not in 0 ..< \(bound)")
  }
}
