public import Reports
public import Statistics

/// Texts with the results of both graders.
public struct GradedTexts: Sendable {
  /// One text with the results of both graders.
  public struct Text: Sendable {
    public var id: String
    public var code: String
    /// The number of the weakness of which the text is a sample; nil if its id names none.
    public var number: Int?
    /// The weaknesses by the built-in rules; nil if they cannot parse the text.
    public var found: Set<Weakness>?
    /// Nil without Bandit.
    public var bandit: Bandit.Judgement?

    public init(
      id: String, code: String, number: Int?, found: Set<Weakness>?, bandit: Bandit.Judgement?
    ) {
      self.id = id
      self.code = code
      self.number = number
      self.found = found
      self.bandit = bandit
    }

    public var weakness: Weakness? { number.flatMap(Weakness.init(number:)) }
    public var isFound: Bool { !(found?.isEmpty ?? true) }
    public var isRightlyFound: Bool { weakness.map { found?.contains($0) ?? false } ?? false }
    public var isFoundByBandit: Bool { !(bandit?.findings.isEmpty ?? true) }
    /// Whether Bandit finds the right weakness: by its number, or by a number for the same
    /// weakness.
    public var isRightlyFoundByBandit: Bool {
      bandit?.findings.contains { finding in
        finding.number == number
          || (weakness != nil && Weakness(number: finding.number) == weakness)
      } ?? false
    }

    /// Whether Bandit finds a weakness.
    public func isFoundByBandit(_ weakness: Weakness) -> Bool {
      bandit?.findings.contains { Weakness(number: $0.number) == weakness } ?? false
    }
  }

  public var texts: [Text]

  public init(texts: [Text]) { self.texts = texts }

  /// Grades texts by the built-in rules, and by Bandit if it is given.
  ///
  /// - Throws: ``BanditFault``, and errors of writing Bandit's input.
  public init(_ texts: [(id: String, code: String, number: Int?)], bandit: Bandit?) throws {
    let judgements = try bandit?.judge(texts.map(\.code))
    self.texts = texts.enumerated().map { index, text in
      Text(
        id: text.id, code: text.code, number: text.number,
        found: (try? CodeGrader.findings(in: text.code)).map { Set($0.map(\.weakness)) },
        bandit: judgements?[index])
    }
  }

  /// The agreement on whether a text has any weakness.
  public var agreement: CohenKappa {
    CohenKappa(texts.map { (first: $0.isFound, second: $0.isFoundByBandit) })
  }

  /// The agreement on one weakness, by the number of each grader.
  public func agreement(on weakness: Weakness) -> CohenKappa {
    CohenKappa(
      texts.map {
        (
          first: $0.found?.contains(weakness) ?? false,
          second: $0.isFoundByBandit(weakness)
        )
      })
  }

  /// The texts that both graders can parse. On other texts they cannot disagree about weaknesses.
  public var readByBoth: GradedTexts {
    GradedTexts(texts: texts.filter { $0.found != nil && $0.bandit?.isInvalid != true })
  }

  /// The table of agreement: for any weakness, and for each weakness that a grader finds.
  public func agreementTable(_ what: String) -> Table {
    func count(_ value: Int) -> Table.Cell { .init(text: "\(value)", value: Double(value)) }
    let kinds: [(String, CohenKappa)] =
      [("anything", agreement)]
      + Weakness.allCases.map { ("CWE-\($0.rawValue)", agreement(on: $0)) }
    return Table(
      caption: "Agreement of the rules with Bandit on \(what)",
      columns: [
        .init("Finding", isHeader: true), .number("Both"), .number("Rules alone"),
        .number("Bandit alone"), .number("Neither"), .number("Agree"), .number("Cohen's kappa"),
      ],
      rows: kinds.filter { $0.1.neither < $0.1.items }.map { name, value in
        [
          .text(name), count(value.both), count(value.firstAlone), count(value.secondAlone),
          count(value.neither),
          value.observed.map { .number($0, .percent(1)) } ?? .missing,
          value.kappa.map { .number($0, .fixed(2)) } ?? .missing,
        ]
      })
  }
}
