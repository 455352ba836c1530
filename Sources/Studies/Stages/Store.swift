public import Files
public import Foundation

/// The products of stages on disk: `<root>/stages/<name>-<first 12 digits of the fingerprint>/`.
///
/// A product exists completely or not at all, also after a kill or a power cut. It is written into
/// a temporary folder and flushed file by file. The record is written last and flushed. Then the
/// folder is renamed, and the rename is flushed.
public struct Store: Sendable {
  /// The state of a stage's product, without reading all of it.
  public enum State: Hashable, Sendable {
    case absent
    case complete
    case damaged(ProductDamage)
  }

  /// The folder that contains `stages`.
  public let root: URL
  let files: any FileOperations
  /// The lock of the output folder; nil for a store without a lock.
  private let lock: OutputLock?

  public init(root: URL, files: any FileOperations = SystemFiles()) {
    self.init(root: root, files: files, lock: nil)
  }

  init(root: URL, files: any FileOperations, lock: OutputLock?) {
    self.root = root
    self.files = files
    self.lock = lock
  }

  /// Throws `OutputError.moved` if the locked folder is no longer at its path.
  public func checkHeld() throws { try lock?.check() }

  /// The folder of all products.
  var stagesPath: String { root.path + "/" + Self.folderName }
  static let folderName = "stages"

  /// The folder of a stage's product, which may not exist.
  ///
  /// - Throws: `CommitFault` and what `Fingerprint(of:)` throws.
  public func folder(of stage: some Stage) throws -> URL {
    URL(fileURLWithPath: try path(stage, Fingerprint(of: stage)))
  }

  func path(_ stage: some Stage, _ fingerprint: Fingerprint, step: Int? = nil) throws -> String {
    guard stage.name.isKebabCase else { throw CommitFault.badName(stage.name) }
    let suffix = step.map { Self.checkpointMark + String($0) } ?? ""
    return "\(stagesPath)/\(stage.name)-\(fingerprint.short)\(suffix)"
  }

  static let checkpointMark = ".checkpoint-"

  /// Whether a stage's product exists, by its record and the sizes of its files.
  ///
  /// - Throws: `CommitFault`, `FileError` and what `Fingerprint(of:)` throws.
  public func contains(_ stage: some Stage) throws -> Bool {
    try state(of: stage) == .complete
  }

  /// The state of a stage's product, by its record and the sizes of its files.
  ///
  /// - Throws: `CommitFault`, `FileError` and what `Fingerprint(of:)` throws.
  public func state(of stage: some Stage) throws -> State {
    try state(of: stage, Fingerprint(of: stage))
  }

  func state(of stage: some Stage, _ fingerprint: Fingerprint) throws -> State {
    let path = try path(stage, fingerprint)
    guard try files.kind(path) != nil else { return .absent }
    do {
      _ = try product(at: path, fingerprint, step: nil)
      return .complete
    } catch let damage as ProductDamage {
      return .damaged(damage)
    }
  }

  /// The product of a stage, nil if it is absent.
  ///
  /// Checks the record and the sizes; reading a file checks its SHA-256. Throws `ProductDamage`.
  public func product(of stage: some Stage) throws -> Product? {
    let fingerprint = try Fingerprint(of: stage)
    let path = try path(stage, fingerprint)
    guard try files.kind(path) != nil else { return nil }
    return try product(at: path, fingerprint, step: nil)
  }

  func product(at path: String, _ fingerprint: Fingerprint, step: Int?) throws -> Product {
    let product = try product(at: path)
    guard product.record.fingerprint == fingerprint, product.record.step == step else {
      throw ProductDamage(folder: path, problem: .otherStage)
    }
    for file in product.record.files { try product.checkSize(of: file) }
    return product
  }

  /// Opens the product in a folder by its record alone.
  private func product(at path: String) throws -> Product {
    let recordPath = path + "/" + Record.fileName
    guard case .file? = try files.kind(recordPath) else {
      throw ProductDamage(folder: path, problem: .recordMissing)
    }
    let record: Record
    do {
      record = try Record(files.read(recordPath, limit: Record.sizeLimit))
    } catch let fault as RecordFault {
      throw ProductDamage(folder: path, problem: .record(fault))
    }
    return Product(folder: URL(fileURLWithPath: path), record: record, files: files)
  }

  /// Reads every byte of a stage's product; nil if it is absent.
  ///
  /// Throws `ProductDamage` on the first file that is missing, changed, or not in the record.
  @discardableResult
  public func verify(_ stage: some Stage) throws -> Record? {
    guard let product = try product(of: stage) else { return nil }
    try verify(product)
    return product.record
  }

  func verify(_ product: Product) throws {
    for file in product.record.files { try product.check(file) }
    let known = Set(product.record.files.map { Array($0.path.utf8) })
    for path in try contents(of: product.folder.path).files
    where path != Record.fileName && !known.contains(Array(path.utf8)) {
      throw ProductDamage(folder: product.folder.path, problem: .unknown(file: path))
    }
  }

  /// Checks every product of any study in the store, and every checkpoint.
  ///
  /// - Parameter body: Called for each folder in the order of their names, with its path and its
  ///   damage; nil if there is none.
  /// - Throws: `FileError`, and what `body` throws.
  public func verifyAll(_ body: (String, ProductDamage?) throws -> Void) throws {
    guard try files.kind(stagesPath) != nil else { return }
    for name in try files.list(stagesPath) where !name.hasPrefix(".") {
      let path = stagesPath + "/" + name
      do {
        let product = try product(at: path)
        let expected = "\(product.record.name)-\(product.record.fingerprint.short)"
        let suffix = product.record.step.map { Self.checkpointMark + String($0) } ?? ""
        guard name == expected + suffix else {
          throw ProductDamage(folder: path, problem: .otherStage)
        }
        try verify(product)
        try body(path, nil)
      } catch let damage as ProductDamage {
        try body(path, damage)
      } catch CommitFault.notAFile(let file) {
        let name = String(file.dropFirst(path.count + 1))
        try body(path, ProductDamage(folder: path, problem: .unknown(file: name)))
      }
    }
  }

  /// The files below a folder and the folders, both as relative paths in byte order.
  func contents(of folder: String) throws -> (files: [String], folders: [String]) {
    var found: [String] = []
    var folders: [String] = []
    var waiting = [""]
    while let prefix = waiting.popLast() {
      for name in try files.list(folder + (prefix.isEmpty ? "" : "/" + prefix)) {
        let path = prefix.isEmpty ? name : prefix + "/" + name
        switch try files.kind(folder + "/" + path) {
        case .file?: found.append(path)
        case .folder?:
          folders.append(path)
          waiting.append(path)
        case .other?: throw CommitFault.notAFile(folder + "/" + path)
        case nil: break
        }
      }
    }
    let byBytes = { (a: String, b: String) in a.utf8.lexicographicallyPrecedes(b.utf8) }
    return (found.sorted(by: byBytes), folders.sorted(by: byBytes))
  }
}

extension String {
  /// Whether the text is words of lower-case letters and digits, separated by single hyphens.
  fileprivate var isKebabCase: Bool {
    let words = utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    return words.allSatisfy { word in
      !word.isEmpty
        && word.allSatisfy {
          (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
    }
  }
}
