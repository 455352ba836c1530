import Files
import JSON
public import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A counter for unique names of the temporary folders of one process.
private let temporaryCount = Atomic<Int>(0)

extension Store {
  /// Commits a stage's product durably. `write` fills a temporary folder. When this method returns,
  /// the product is in the store and on the disk. If it throws, the product is absent.
  ///
  /// An existing product is kept if the new product has the same bytes. Checkpoints of the stage
  /// are removed.
  ///
  /// Throws `FileError`, `CommitFault` and what `write` throws.
  @discardableResult
  public func commit(
    _ stage: some Stage, circumstance: Circumstance, write: (URL) throws -> Void
  ) throws -> Record {
    let fingerprint = try Fingerprint(of: stage)
    let record = try commit(
      stage, fingerprint, step: nil, circumstance: circumstance, write: write)
    // The product is in the store, so a checkpoint that remains only takes space.
    try? removeCheckpoints(of: stage, fingerprint, before: .max)
    return record
  }

  func commit(
    _ stage: some Stage, _ fingerprint: Fingerprint, step: Int?,
    circumstance: Circumstance, write: (URL) throws -> Void
  ) throws -> Record {
    let destination = try path(stage, fingerprint, step: step)
    // This never makes the parent folder. If it was moved, a new folder would prevent moving it
    // back.
    try checkHeld()
    if try files.kind(stagesPath) == nil {
      try files.createFolder(stagesPath)
      try files.synchronize(root.path)
    }
    let temporary = try temporaryPath(for: destination)
    try files.createFolder(temporary)
    do {
      try write(URL(fileURLWithPath: temporary))
      let (recorded, folders) = try flush(temporary)
      let record = Record(
        name: stage.name, revision: stage.revision, fingerprint: fingerprint,
        inputs: try stage.inputs.map { try Fingerprint(of: $0) }, step: step,
        stage: try Self.description(of: stage), files: recorded, circumstance: circumstance)
      let recordPath = temporary + "/" + Record.fileName
      try files.write(record.data(), to: recordPath)
      try files.synchronize(recordPath)
      for folder in folders.reversed() { try files.synchronize(temporary + "/" + folder) }
      try files.synchronize(temporary)
      try checkHeld()
      if let kept = try existing(at: destination, fingerprint, step, like: record) {
        try files.removeTree(temporary)
        return kept
      }
      try files.rename(temporary, to: destination)
      do {
        try files.synchronize(stagesPath)
      } catch {
        // The rename may be lost after a power cut, so the product is removed.
        try? discard(destination)
        throw error
      }
      return record
    } catch {
      try? files.removeTree(temporary)
      throw error
    }
  }

  private func temporaryPath(for destination: String) throws -> String {
    let name = URL(fileURLWithPath: destination).lastPathComponent
    let count = temporaryCount.add(1, ordering: .relaxed).newValue
    return "\(stagesPath)/\(temporaryPrefix)\(getpid())-\(count)-\(name)"
  }

  /// Flushes every file of a product; returns them with their hashes, and its folders.
  private func flush(_ folder: String) throws -> ([RecordedFile], [String]) {
    let (paths, folders) = try contents(of: folder)
    let recorded = try paths.map { path in
      guard path != Record.fileName else {
        throw CommitFault.reservedName(folder + "/" + path)
      }
      try files.synchronize(folder + "/" + path)
      return RecordedFile(path: path, digest: try files.digest(folder + "/" + path))
    }
    return (recorded, folders)
  }

  /// All that decides a stage's product, its inputs by value: for people who read a record.
  private static func description(of stage: some Stage) throws -> JSONValue {
    .object(
      JSONObject([
        ("identity", try CanonicalJSON.value(of: stage.identity)),
        ("inputs", .array(try stage.inputs.map { try description(of: $0) })),
        ("name", .string(stage.name)),
        ("revision", .integer(stage.revision)),
      ]))
  }

  /// The record of an existing equal product. A damaged product is moved to another name.
  private func existing(
    at path: String, _ fingerprint: Fingerprint, _ step: Int?, like record: Record
  ) throws -> Record? {
    guard try files.kind(path) != nil else { return nil }
    let product: Product
    do {
      product = try self.product(at: path, fingerprint, step: step)
      try verify(product)
    } catch is ProductDamage {
      try setAside(path)
      return nil
    }
    guard product.record.files == record.files else {
      let file = record.files.first { !product.record.files.contains($0) }
      throw CommitFault.differs(folder: path, file: file?.path ?? "the list of files")
    }
    return product.record
  }

  /// Moves a damaged product to `.damaged-<name>`, and replaces an older folder with that name.
  /// Returns the new URL.
  ///
  /// - Throws: `CommitFault`, `FileError`, and what `Fingerprint(of:)` throws.
  @discardableResult
  public func setAside(_ stage: some Stage) throws -> URL {
    URL(fileURLWithPath: try setAside(path(stage, Fingerprint(of: stage))))
  }

  @discardableResult
  func setAside(_ path: String) throws -> String {
    let url = URL(fileURLWithPath: path)
    let aside = "\(stagesPath)/.damaged-\(url.lastPathComponent)"
    try files.removeTree(aside)
    try files.rename(path, to: aside)
    try files.synchronize(stagesPath)
    return aside
  }

  /// Removes a folder so that an incomplete folder never has its name.
  func discard(_ path: String) throws {
    let temporary = try temporaryPath(for: path)
    try files.rename(path, to: temporary)
    try files.removeTree(temporary)
  }

  /// Removes the temporary folders of killed runs. Returns their names.
  ///
  /// Only the process with the output folder's lock may call it, because the folders of a running
  /// process look the same.
  ///
  /// - Throws: `FileError`.
  @discardableResult
  public func sweep() throws -> [String] {
    guard try files.kind(stagesPath) != nil else { return [] }
    let left = try files.list(stagesPath).filter { $0.hasPrefix(temporaryPrefix) }
    for name in left { try files.removeTree(stagesPath + "/" + name) }
    return left
  }
}
