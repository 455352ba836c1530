public import Files
import JSON
public import Foundation

/// The output folder of one study, locked by this process.
///
/// It holds `output.json` (the study's name and the circumstances of its runs), a copy of the
/// study, the lock and `stages`.
public final class OutputFolder: Sendable {
  /// The content of `output.json`.
  public struct Description: Hashable, Sendable {
    public var study: String
    /// The circumstances in which products were made, in the order of their first run. If there are
    /// several, the results mix them.
    public var circumstances: [[String: String]]
  }

  /// The version of the layout.
  public static let format = 1
  public static let fileName = "output.json"
  /// A file that may be in a folder before the first run.
  public static let registrationName = "registration.json"

  public let url: URL
  public let description: Description
  public let store: Store

  /// Opens the output folder of a study, or makes it if there is none. Removes the temporary files
  /// of killed runs.
  ///
  /// - Parameters:
  ///   - url: The folder: missing, empty, or the folder of earlier runs of this study.
  ///   - study: The study's name. The folder then belongs to this study.
  ///   - document: The study as the user wrote it, kept as a copy.
  ///   - documentName: The copy's name, such as `study.yaml`.
  ///   - circumstance: Device, driver, kernel hashes: everything else that can change a product's
  ///     bytes.
  ///   - mixing: Whether to resume in a circumstance that no earlier run in this folder had.
  /// - Throws: `OutputError`, `FileError`.
  public init(
    at url: URL, study: String, document: Data, documentName: String,
    circumstance: [String: String], mixing: Bool = false,
    files: any FileOperations = SystemFiles()
  ) throws {
    self.url = url
    let path = url.path
    try files.createFolders(path)
    try Self.refuseStrangers(path, files)
    let lock = try OutputLock(folder: path)
    description = try Self.description(
      at: path, after: study, circumstance, mixing: mixing, files)
    if try Self.description(at: path, files) != description {
      try Self.write(description, path, files)
    }
    let copy = path + "/" + documentName
    if (try? files.read(copy, limit: document.count)) != document {
      try files.replace(copy, with: document)
    }
    store = Store(root: url, files: files, lock: lock)
    try store.sweep()
  }

  /// Checks whether `init` would accept a folder, without a change of it and without its lock.
  ///
  /// - Throws: The `OutputError` or `FileError` of `init`.
  public static func check(
    _ url: URL, study: String, circumstance: [String: String],
    files: any FileOperations = SystemFiles()
  ) throws {
    guard try files.kind(url.path) != nil else { return }
    try refuseStrangers(url.path, files)
    _ = try description(at: url.path, after: study, circumstance, mixing: false, files)
  }

  /// The description of a folder in which a study runs in a circumstance.
  private static func description(
    at path: String, after study: String, _ circumstance: [String: String], mixing: Bool,
    _ files: any FileOperations
  ) throws -> Description {
    guard
      var known = try description(at: path, files)
        ?? recovered(path, study, Set(circumstance.keys), files)
    else { return Description(study: study, circumstances: [circumstance]) }
    guard known.study == study else {
      throw OutputError.otherStudy(folder: path, study: known.study, expected: study)
    }
    if !known.circumstances.contains(circumstance) {
      guard mixing else {
        throw OutputError.otherCircumstance(
          folder: path, differences(known.circumstances.last ?? [:], circumstance))
      }
      known.circumstances.append(circumstance)
    }
    return known
  }

  /// The content of a folder's `output.json`, without locking the folder: for reports and listings.
  ///
  /// Throws `OutputError.noOutput` if there is none.
  public static func description(at url: URL) throws -> Description {
    guard let description = try description(at: url.path, SystemFiles()) else {
      throw OutputError.noOutput(folder: url.path)
    }
    return description
  }

  /// The process that is making products in a folder, and its host; nil if there is none.
  public static func holder(of url: URL) -> (process: String, host: String)? {
    OutputLock.holder(of: url.path)
  }

  /// Refuses a folder with files of other programs, before anything is written to it. A first run
  /// that was killed early leaves only the lock, or the lock and an incomplete file.
  private static func refuseStrangers(_ path: String, _ files: any FileOperations) throws {
    let names: [String]
    do {
      names = try files.list(path)
    } catch let error as FileError where error.codeName == "ENOTDIR" {
      throw OutputError.isFile(folder: path)
    }
    guard !names.contains(fileName) else { return }
    // A lock and products belong to a run whose description was deleted.
    if names.contains(OutputLock.fileName), names.contains(Store.folderName) { return }
    let ours: Set = [OutputLock.fileName, temporaryPrefix + fileName, registrationName]
    guard names.allSatisfy(ours.contains) else { throw OutputError.notAnOutput(folder: path) }
  }

  private static func description(
    at path: String, _ files: any FileOperations
  ) throws -> Description? {
    let file = path + "/" + fileName
    guard try files.kind(file) != nil else { return nil }
    let value: JSONValue
    do {
      value = try JSONReader.value(of: files.read(file, limit: 1 << 20))
    } catch let fault as JSONFault {
      throw OutputError.damaged(folder: path, what: fault.line)
    }
    guard let object = value.object, let format = object["format"]?.integer,
      let study = object["study"]?.string, let circumstances = object["circumstances"]?.array
    else {
      throw OutputError.damaged(folder: path, what: "not the description of an output folder")
    }
    guard format == Self.format else { throw OutputError.unknownFormat(folder: path, format) }
    return Description(study: study, circumstances: circumstances.map { .init($0) })
  }

  /// The description of a folder without one, from the records of its products; nil if there are no
  /// products.
  ///
  /// - Parameter keys: The keys of circumstances that the description has. Records have more keys.
  private static func recovered(
    _ path: String, _ study: String, _ keys: Set<String>, _ files: any FileOperations
  ) throws -> Description? {
    let stages = path + "/" + Store.folderName
    guard try files.kind(stages) == .folder else { return nil }
    var circumstances: [[String: String]] = []
    for name in try files.list(stages) where !name.hasPrefix(".") {
      let file = "\(stages)/\(name)/\(Record.fileName)"
      guard case .file? = try files.kind(file),
        let record = try? Record(files.read(file, limit: Record.sizeLimit))
      else { continue }
      let circumstance = record.circumstance.device.filter { keys.contains($0.key) }
      if !circumstances.contains(circumstance) { circumstances.append(circumstance) }
    }
    return circumstances.isEmpty ? nil : Description(study: study, circumstances: circumstances)
  }

  private static func write(
    _ description: Description, _ path: String, _ files: any FileOperations
  ) throws {
    let object = JSONObject([
      ("format", .integer(format)),
      ("study", .string(description.study)),
      ("circumstances", .array(description.circumstances.map(\.json))),
    ])
    let data = try CanonicalJSON.data(of: .object(object)) + [UInt8(ascii: "\n")]
    try files.replace(path + "/" + fileName, with: data)
  }

  private static func differences(
    _ recorded: [String: String], _ now: [String: String]
  ) -> [OutputError.Difference] {
    Set(recorded.keys).union(now.keys).sorted().filter { recorded[$0] != now[$0] }
      .map { OutputError.Difference(key: $0, recorded: recorded[$0], now: now[$0]) }
  }
}
