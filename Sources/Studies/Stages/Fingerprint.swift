import Text
import JSON
public import Foundation

/// The SHA-256 that names a stage's product.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// 64 lower-case hexadecimal digits.
  public let text: String

  /// The first 12 digits, which name the product's folder; the record holds all 64.
  public var short: String { String(text.prefix(12)) }
  public var description: String { text }

  /// Nil unless the text is 64 lower-case hexadecimal digits.
  public init?(_ text: String) {
    guard text.utf8.count == 64,
      text.utf8.allSatisfy({
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      })
    else { return nil }
    self.text = text
  }

  /// The fingerprint of bytes: how a user's data enters a stage.
  public init(of data: Data) {
    text = SHA256.hash(data: data).hexadecimal
  }

  /// The fingerprint of a stage: SHA-256 of its canonical JSON.
  ///
  /// Throws `NonFiniteNumber` and what the stage's identity throws when it is encoded.
  public init(of stage: some Stage) throws {
    self.init(of: try Self.canonicalJSON(of: stage))
  }

  /// What a stage's fingerprint is taken of.
  ///
  /// `{"identity":{...},"inputs":["<64 digits>",...],"name":"...","revision":1}`. The inputs enter
  /// by their fingerprints and not by value: these hold the inputs' names and revisions too, so
  /// that raising the revision of one kind changes everything that builds on it.
  public static func canonicalJSON(of stage: some Stage) throws -> Data {
    try canonicalJSON(of: stage, inputs: stage.inputs.map { try Fingerprint(of: $0) })
  }

  static func canonicalJSON(of stage: some Stage, inputs: [Fingerprint]) throws -> Data {
    let value = JSONObject([
      ("identity", try CanonicalJSON.value(of: stage.identity)),
      ("inputs", .array(inputs.map { .string($0.text) })),
      ("name", .string(stage.name)),
      ("revision", .integer(stage.revision)),
    ])
    return try CanonicalJSON.data(of: .object(value))
  }
}
