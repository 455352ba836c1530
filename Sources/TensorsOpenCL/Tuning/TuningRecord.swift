import Text
public import Foundation
import OpenCL

/// The results of tuning on one device with one driver and one set of kernels. The record is kept
/// in the cache folder and read when a backend is made.
public struct TuningRecord: Codable, Sendable {
  /// The tiling for all shapes of a bucket, and the outcomes of all tried tilings.
  public struct Entry: Codable, Sendable {
    public let shape: ProductShape
    public let chosen: ProductTiling
    public let outcomes: [Outcome]
  }

  /// A tiling's time per call in seconds: the median over alternating rounds, the smallest and the
  /// largest.
  public struct Outcome: Codable, Sendable {
    public let tiling: ProductTiling
    public let median: Double
    public let least: Double
    public let most: Double
  }

  public private(set) var version = 1
  public let device: String
  public let driver: String
  public let kernels: String
  public private(set) var entries: [Entry] = []
  /// The tiles of attention; nil if they were never tuned. Unlike tilings of products those of the forward
  /// pass change bytes.
  public private(set) var attention: [AttentionEntry]?

  init(device: String, driver: String, kernels: String) {
    (self.device, self.driver, self.kernels) = (device, driver, kernels)
  }

  public func entry(for shape: ProductShape) -> Entry? {
    let bucket = shape.bucket
    return entries.first { $0.shape.bucket == bucket }
  }

  mutating func replace(_ entry: Entry) {
    entries.removeAll { $0.shape.bucket == entry.shape.bucket }
    entries.append(entry)
  }

  mutating func replace(_ entry: AttentionEntry) {
    attention = (attention ?? []).filter {
      $0.kernel != entry.kernel || $0.headWidth != entry.headWidth
    }
    attention?.append(entry)
  }

  /// The name of the tuning in a study's record. Tilings of products do not change the bytes. Tiles of
  /// attention's forward pass do, so those that tuning has changed are named in the implementation too.
  public var name: String {
    if entries.isEmpty && attention == nil { return "untuned" }
    let lines =
      entries.map { "\($0.shape.bucket): \($0.chosen)" }.sorted()
      + (attention ?? []).map { "\($0.kernel.rawValue) D \($0.headWidth): \($0.chosen)" }.sorted()
    return "tuning "
      + SHA256.hash(data: Data(lines.joined(separator: "\n").utf8)).hexadecimal.prefix(16)
  }

  // MARK: Files

  /// The record's file, which is specific to this device, driver and set of kernels.
  func file(in folder: URL) -> URL {
    let key = SHA256.hash(data: Data([device, driver, kernels].joined(separator: "\n").utf8))
    return folder.appending(
      path: "\(key.hexadecimal.prefix(32)).json", directoryHint: .notDirectory)
  }

  public static var standardFolder: URL {
    CacheFolder.current.appending(path: "tuning", directoryHint: .isDirectory)
  }

  /// The stored record, or this record if the file cannot be read or belongs to another device.
  func kept(in folder: URL) -> TuningRecord {
    guard let data = try? Data(contentsOf: file(in: folder)),
      let kept = try? JSONDecoder().decode(TuningRecord.self, from: data),
      kept.version == version, kept.device == device, kept.driver == driver,
      kept.kernels == kernels
    else { return self }
    return kept
  }

  /// Writes a temporary file and renames it, so another process reads the whole file or none.
  func keep(in folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try encoder.encode(self).write(to: file(in: folder), options: .atomic)
  }
}
