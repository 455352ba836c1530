public import Files
import JSON
public import Foundation

/// The folder that one study's runs write to, held by this process alone.
///
/// It holds `output.json` (the study's name and the circumstances of its runs), a copy of the
/// study, the lock and `stages`.
public final class OutputFolder: Sendable {
  /// What `output.json` says.
  public struct Description: Hashable, Sendable {
    public var study: String
    /// The circumstances that products were made under, in the order of their first run. More than
    /// one means that the results mix them.
    public var circumstances: [[String: String]]
  }

  /// The version of the layout.
  public static let format = 1
  public static let fileName = "output.json"

  public let url: URL
  public let description: Description
  public let store: Store

  /// Opens the output folder of a study, making it where there is none, and sweeps what dead runs
  /// left in it.
  ///
  /// - Parameters:
  ///   - url: The folder; missing or empty, or one that this study's runs have written to.
  ///   - study: The study's name, to which the folder belongs from then on.
  ///   - document: The study as the user wrote it, kept as a copy.
  ///   - documentName: The copy's name, such as `study.yaml`.
  ///   - circumstance: Device, driver, kernel hashes: what may change a product's bytes.
  ///   - mixing: Whether to go on under a circumstance that no run here had.
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
    let written = try Self.description(at: path, files)
    var description =
      try written ?? Self.recovered(path, study, Set(circumstance.keys), files)
    if let known = description {
      guard known.study == study else {
        throw OutputError.otherStudy(folder: path, study: known.study, expected: study)
      }
      if !known.circumstances.contains(circumstance) {
        guard mixing else {
          let differences = Self.differences(known.circumstances.last ?? [:], circumstance)
          throw OutputError.otherCircumstance(folder: path, differences)
        }
        description?.circumstances.append(circumstance)
      }
      if description != written { try Self.write(description ?? known, path, files) }
    } else {
      let new = Description(study: study, circumstances: [circumstance])
      try Self.write(new, path, files)
      description = new
    }
    self.description = description ?? Description(study: study, circumstances: [circumstance])
    let copy = path + "/" + documentName
    if (try? files.read(copy, limit: document.count)) != document {
      try files.replace(copy, with: document)
    }
    store = Store(root: url, files: files, lock: lock)
    try store.sweep()
  }

  /// What `output.json` of a folder says, without holding the folder: for reports and listings.
  ///
  /// Throws `OutputError.noOutput` where there is none.
  public static func description(at url: URL) throws -> Description {
    guard let description = try description(at: url.path, SystemFiles()) else {
      throw OutputError.noOutput(folder: url.path)
    }
    return description
  }

  /// The process that makes products in a folder now, and its host; nil where none does.
  public static func holder(of url: URL) -> (process: String, host: String)? {
    OutputLock.holder(of: url.path)
  }

  /// Refuses a folder with files of others, before anything is written to it. A first run that was
  /// killed early leaves the lock alone or with a file half made.
  private static func refuseStrangers(_ path: String, _ files: any FileOperations) throws {
    let names = try files.list(path)
    guard !names.contains(fileName) else { return }
    // The lock beside products: of a run whose description was deleted.
    if names.contains(OutputLock.fileName), names.contains(Store.folderName) { return }
    let ours: Set = [OutputLock.fileName, temporaryPrefix + fileName]
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
    else { throw OutputError.damaged(folder: path, what: "not a description of an output folder") }
    guard format == Self.format else { throw OutputError.unknownFormat(folder: path, format) }
    return Description(study: study, circumstances: circumstances.map { .init($0) })
  }

  /// The description of a folder that lost it, by the records of its products; nil where it has none.
  ///
  /// - Parameter keys: Of the circumstances that the description holds; records hold more.
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
