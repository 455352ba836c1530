import Text
import JSON
public import Foundation

/// The SHA-256 that names a stage's product.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// 64 lower-case hexadecimal digits.
  public let text: String

  /// The first 12 digits, which are in the name of the product's folder. The record has all 64.
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

  /// The fingerprint of bytes, by which a user's data enters a stage.
  public init(of data: Data) {
    text = SHA256.hash(data: data).hexadecimal
  }

  /// The fingerprint of a stage: SHA-256 of its canonical JSON.
  ///
  /// Throws `NonFiniteNumber` and what the stage's identity throws when it is encoded.
  public init(of stage: some Stage) throws {
    self.init(of: try Self.canonicalJSON(of: stage))
  }

  /// The text whose digest is a stage's fingerprint.
  ///
  /// `{"identity":{...},"inputs":["<64 digits>",...],"name":"...","revision":1}`. Inputs are
  /// included by their fingerprints and not by value. A fingerprint also covers the names and
  /// revisions of the inputs, so a new revision of one kind changes the fingerprints of all stages
  /// that need it.
  ///
  /// - Throws: `NonFiniteNumber`, and what the encoding of the identity throws.
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
