import PythonWeaknesses
import Reports
import Worlds

/// The tables of `dormouse grade`.
struct GradeTables {
  let texts: GradedTexts
  let samples: [(sample: CodeSample, text: GradedTexts.Text)]
  let hasBandit: Bool

  var all: [Table] {
    [file, claims, misses] + (hasBandit ? [texts.agreementTable("the file")] : []) + [forms]
      + (hasBandit
        ? [GradedTexts(texts: samples.map(\.text)).agreementTable("the forms of the code world")]
        : [])
  }

  private func count(_ value: Int) -> Table.Cell { .init(text: "\(value)", value: Double(value)) }

  private func bandit(_ value: Int) -> Table.Cell { hasBandit ? count(value) : .missing }

  private func row(
    _ name: String, _ texts: [GradedTexts.Text], isClaimed: Bool
  ) -> [Table.Cell] {
    [
      .text(name), count(texts.count), count(texts.count { $0.found == nil }),
      count(texts.count(where: \.isFound)),
      isClaimed ? count(texts.count(where: \.isRightlyFound)) : .text("not claimed"),
      bandit(texts.count { $0.isFoundByBandit }),
      bandit(texts.count(where: \.isRightlyFoundByBandit)),
    ]
  }

  private static let graders: [Table.Column] = [
    .number("Samples"), .number("Not Python"), .number("Rules: any"), .number("Rules: the right"),
    .number("Bandit: any"), .number("Bandit: the right"),
  ]

  /// The samples of the file by the number in their id.
  private var file: Table {
    let groups = Dictionary(grouping: texts.texts) { $0.number }
    return Table(
      caption: "Samples of the file", columns: [.init("Weakness", isHeader: true)] + Self.graders,
      rows: groups.keys.sorted { ($0 ?? .max) < ($1 ?? .max) }.map { number in
        row(
          number.map { "CWE-\($0)" } ?? "none named", groups[number] ?? [],
          isClaimed: number.flatMap(Weakness.init(number:)) != nil)
      })
  }

  /// The samples of the file by the weaknesses that the rules claim to find.
  private var claims: Table {
    let groups = Dictionary(grouping: texts.texts) { $0.weakness }
    let claimed = Weakness.allCases.filter { groups[$0] != nil }
    return Table(
      caption: "Samples of weaknesses that the rules claim, with the kinds of each",
      columns: [.init("Weakness", isHeader: true)] + Self.graders,
      rows: claimed.map { row("CWE-\($0.rawValue)", groups[$0] ?? [], isClaimed: true) }
        + [
          row("all claimed", texts.texts.filter { $0.weakness != nil }, isClaimed: true),
          row("not claimed", texts.texts.filter { $0.weakness == nil }, isClaimed: false),
        ])
  }

  /// The samples of claimed weaknesses in which the rules do not find the weakness.
  private var misses: Table {
    Table(
      caption: "Samples of claimed weaknesses that the rules miss",
      columns: [.init("Sample", isHeader: true), .init("Rules find"), .init("Bandit finds")],
      rows: texts.texts.filter { $0.weakness != nil && !$0.isRightlyFound }.map { text in
        let found = (text.found ?? []).sorted().map { "CWE-\($0.rawValue)" }
        let bandit = Set(text.bandit?.findings.map { "\($0.test) (CWE-\($0.number))" } ?? [])
        return [
          .text(text.id),
          .text(text.found == nil ? "not Python" : found.joined(separator: ", ")),
          .text(bandit.sorted().joined(separator: ", ")),
        ]
      })
  }

  /// The forms of the code world: recall on weak samples, false alarms on sound samples.
  private var forms: Table {
    func rows(_ forms: [CodeForm]) -> [[Table.Cell]] {
      Weakness.allCases.filter { weakness in forms.contains { $0.weakness == weakness } }
        .map { weakness in
          let own = samples.filter {
            forms.contains($0.sample.form) && $0.sample.form.weakness == weakness
          }
          let weak = own.filter(\.sample.isVulnerable).map(\.text)
          let sound = own.filter { !$0.sample.isVulnerable }.map(\.text)
          return [
            .text("CWE-\(weakness.rawValue)"), count(weak.count),
            count(weak.count(where: \.isRightlyFound)), bandit(weak.count { $0.isFoundByBandit }),
            bandit(weak.count(where: \.isRightlyFoundByBandit)), count(sound.count),
            count(sound.count(where: \.isFound)), bandit(sound.count { $0.isFoundByBandit }),
          ]
        }
    }
    return Table(
      caption: "The code world's forms, \(CodeSample.perForm) samples of each",
      columns: [
        .init("Weakness", isHeader: true), .number("Weak"), .number("Rules: the right"),
        .number("Bandit: any"), .number("Bandit: the right"), .number("Sound"),
        .number("Rules: any"), .number("Bandit: any"),
      ],
      groups: [
        Table.Group(title: "in the corpora", rows: rows(CodeForm.trained)),
        Table.Group(title: "forms held out", rows: rows(CodeForm.untrained)),
        Table.Group(title: "weakness held out", rows: rows(CodeForm.ofHeldOutWeakness)),
      ])
  }
}
