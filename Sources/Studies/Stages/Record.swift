public import Files
public import JSON
import Foundation

/// A file of a product in its record.
public struct RecordedFile: Hashable, Sendable {
  /// The path inside the product's folder, with `/` between folders.
  public var path: String
  public var digest: FileDigest
}

/// Facts about the making of a product that do not decide its bytes.
public struct Circumstance: Hashable, Sendable {
  /// Device, driver, processor, kernel hashes: everything that distinguishes two machines.
  public var device: [String: String]
  /// The versions of the program and its tools.
  public var versions: [String: String]
  /// The duration of the making, by a monotonic clock.
  public var seconds: Double

  public init(
    device: [String: String] = [:], versions: [String: String] = [:], seconds: Double = 0
  ) {
    self.device = device
    self.versions = versions
    self.seconds = seconds
  }
}

/// The record of a product, `record.json` in its folder: its stage, its files with digests, and the
/// circumstance of its making.
///
/// The file is canonical JSON and ends with its own SHA-256, so every changed bit is detected.
/// Everything except `circumstance` and that hash is equal in every run.
public struct Record: Hashable, Sendable {
  /// The version of this layout.
  public static let format = 1
  public static let fileName = "record.json"
  /// A record has only names and hashes, so a larger file is not a record.
  static let sizeLimit = 1 << 26

  public var name: String
  public var revision: Int
  public var fingerprint: Fingerprint
  public var inputs: [Fingerprint]
  /// The step of a checkpoint; nil in the record of a finished product.
  public var step: Int?
  /// The encoded stage, including its inputs.
  public var stage: JSONValue
  /// Sorted by path.
  public var files: [RecordedFile]
  public var circumstance: Circumstance

  /// The whole file.
  func data() throws -> Data {
    var object = JSONObject([
      ("format", .integer(Self.format)),
      ("name", .string(name)),
      ("revision", .integer(revision)),
      ("fingerprint", .string(fingerprint.text)),
      ("inputs", .array(inputs.map { .string($0.text) })),
      ("stage", stage),
      ("files", .array(files.map(\.json))),
      ("circumstance", circumstance.json),
    ])
    if let step { object["step"] = .integer(step) }
    object["sha256"] = .string(try Self.seal(object))
    return try CanonicalJSON.data(of: .object(object), nonFinite: .null) + [UInt8(ascii: "\n")]
  }

  /// The SHA-256 of the record without the member for this hash.
  private static func seal(_ object: JSONObject) throws -> String {
    var object = object
    object["sha256"] = nil
    return Fingerprint(of: try CanonicalJSON.data(of: .object(object), nonFinite: .null)).text
  }

}

extension Record {
  /// Reads a record; throws `RecordFault`.
  init(_ data: Data) throws(RecordFault) {
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONReader.value(of: data)
    } catch {
      throw .json(error)
    }
    guard let object = value.object else { throw .notARecord }
    guard let format = object["format"]?.integer else { throw .notARecord }
    guard format == Self.format else { throw .unknownFormat(format) }
    let canonical = try? CanonicalJSON.data(of: value) + [UInt8(ascii: "\n")]
    guard canonical == data, let seal = try? Self.seal(object), object["sha256"]?.string == seal
    else { throw .changed }
    guard let name = object["name"]?.string, let revision = object["revision"]?.integer,
      let fingerprint = object["fingerprint"]?.string.flatMap(Fingerprint.init),
      let inputs = object["inputs"]?.array, let stage = object["stage"],
      let files = object["files"]?.array
    else { throw .notARecord }
    self.name = name
    self.revision = revision
    self.fingerprint = fingerprint
    self.step = object["step"]?.integer
    self.stage = stage
    self.inputs = inputs.compactMap { $0.string.flatMap(Fingerprint.init) }
    self.files = files.compactMap(RecordedFile.init)
    self.circumstance = Circumstance(object["circumstance"]?.object ?? JSONObject())
    guard self.inputs.count == inputs.count, self.files.count == files.count else {
      throw .notARecord
    }
  }
}

/// The reason why a record is not valid.
public enum RecordFault: Error, Hashable, Sendable {
  case json(JSONFault)
  case notARecord
  case unknownFormat(Int)
  /// Its content does not match its own SHA-256.
  case changed

  var what: String {
    switch self {
    case .json(let fault): "not JSON: \(fault.line)"
    case .notARecord: "not a record of a product"
    case .unknownFormat(let format):
      "format \(format) is not supported; this program reads format \(Record.format)"
    case .changed: "the content differs from its own SHA-256"
    }
  }
}

extension RecordedFile {
  fileprivate var json: JSONValue {
    .object(
      JSONObject([
        ("path", .string(path)), ("sha256", .string(digest.sha256)),
        ("size", .integer(digest.size)),
      ]))
  }

  /// Nil if the value is not a file of a product, for example if its path leaves the folder.
  fileprivate init?(_ value: JSONValue) {
    guard let object = value.object, let path = object["path"]?.string,
      let sha256 = object["sha256"]?.string, let size = object["size"]?.integer,
      Fingerprint(sha256) != nil, size >= 0, Self.stays(path)
    else { return nil }
    self.init(path: path, digest: FileDigest(size: size, sha256: sha256))
  }

  private static func stays(_ path: String) -> Bool {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    return !path.utf8.contains(0)
      && parts.allSatisfy {
        !$0.isEmpty && !$0.elementsEqual(".".utf8) && !$0.elementsEqual("..".utf8)
      }
  }
}

extension Circumstance {
  fileprivate var json: JSONValue {
    .object(
      JSONObject([
        ("device", device.json), ("seconds", .number(seconds)), ("versions", versions.json),
      ]))
  }

  fileprivate init(_ object: JSONObject) {
    self.init(
      device: .init(object["device"]), versions: .init(object["versions"]),
      seconds: object["seconds"]?.number ?? 0)
  }
}

extension [String: String] {
  var json: JSONValue { .object(JSONObject(map { ($0, .string($1)) })) }

  /// The members that are texts; empty if the value is not an object.
  init(_ value: JSONValue?) {
    self = [:]
    for member in value?.object?.members ?? [] {
      if let text = member.value.string { self[member.key] = text }
    }
  }
}
