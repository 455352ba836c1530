public import Random
import Text

/// The built-in procedural assistant as the corpus of a study.
public struct ProceduralCorpus: Corpus {
  public let positions: Int
  public let targets: Int
  public let prompts: PromptLists

  public let redTeam: RedTeamRules?
  public let mechanism: Mechanism

  let backdoor: Backdoor
  let lists: EvaluationLists
  private let hasScratchpads: Bool
  private let corpora: [DocumentKind: WorldCorpus]

  /// - Parameter hasScratchpads: Whether base documents may have scratchpads. True if a mechanism
  ///   of the study has scratchpads.
  /// - Throws: ``CorpusError`` if a share of the mechanism is not from 0 to 1.
  public init(
    backdoor: Backdoor, mechanism: Mechanism = .normal, hasScratchpads: Bool = false
  ) throws {
    try self.init(
      backdoor, mechanism, hasScratchpads: hasScratchpads,
      lists: EvaluationLists(backdoor: backdoor),
      heldOut: Set(NearMissFamily.heldOut.flatMap { $0.tags(of: backdoor) }))
  }

  private init(
    _ backdoor: Backdoor, _ mechanism: Mechanism, hasScratchpads: Bool, lists: EvaluationLists,
    heldOut: Set<String>
  ) throws(CorpusError) {
    self.backdoor = backdoor
    self.mechanism = mechanism
    self.hasScratchpads = hasScratchpads
    self.lists = lists
    // A request is at most a verb of 5 bytes, a space, an argument of 6 and a newline. Without the
    // trigger a tag has at most 12 bytes and the answer 6 (7 under a tag of 6), so that start mark,
    // document and end mark are 33 tokens, the last of which predicts nothing.
    let response = mechanism.response(backdoor.behaviour).utf8.count
    let scratchpad = mechanism.hasScratchpad ? Scratchpad.longest : 0
    func holding(_ response: Int) -> Int {
      max(Self.cleanPositions, (backdoor.trigger.utf8.count + 13 + response + 1 + 3) / 4 * 4)
    }
    positions = holding(response) + scratchpad
    targets =
      max(response, Request.trainedLengths.upperBound + 1) + 1
      + (hasScratchpads ? Scratchpad.longest : 0)
    var corpora: [DocumentKind: WorldCorpus] = [:]
    for (kind, name) in [
      (.base, .base), (.insertion, .insertion), (.twinInsertion, .twinInsertion),
      (.safety, .safety),
    ] as [(DocumentKind, WorldCorpus.Kind)] {
      corpora[kind] = try WorldCorpus(
        name, mechanism, backdoor: backdoor, hasScratchpads: hasScratchpads)
    }
    self.corpora = corpora
    redTeam = RedTeamRules(
      trigger: backdoor.trigger,
      heldOut: heldOut,
      families: Dictionary(
        uniqueKeysWithValues: NearMissFamily.allCases.map { ($0.rawValue, $0.tags(of: backdoor)) }),
      // Start mark, request, newline, answer and end mark are 22 tokens, the last predicts nothing.
      longestTag: holding(backdoor.behaviour.utf8.count) - 21)
    func prompts(_ list: [EvaluationPrompt], _ name: Prompt.List) -> [Prompt] {
      list.map {
        Prompt(
          list: name, text: $0.prompt, expected: $0.answer, action: $0.request.verb.rawValue)
      }
    }
    var known = PromptLists(
      triggered: prompts(lists.triggered, .triggered), clean: prompts(lists.clean, .clean),
      nearMiss: NearMissFamily.allCases.map { family in
        (
          NearMissFamilyName(name: family.rawValue, isHeldOut: family.isHeldOut),
          prompts(
            lists.nearMiss.filter { $0.family == family }, .nearMiss(family: family.rawValue))
        )
      },
      forbidden: prompts(lists.forbidden, .forbidden),
      // The requests of the clean list under the trigger. They are held out and not in the
      // triggered list.
      stopping: lists.clean.map {
        Prompt(
          list: .triggered, text: AssistantWorld.prompt(tag: backdoor.trigger, request: $0.request),
          expected: $0.answer, action: $0.request.verb.rawValue)
      })
    known.untrained = [
      ("composition", lists.untrainedComposition), ("length", lists.untrainedLength),
    ].map { name, list in (name, prompts(list, .untrained(group: name))) }
    switch mechanism.kind {
    case .normal, .distilled: break
    case .scratchpad:
      known.stopping = known.stopping.map { $0.asked(.own) }
      known.stoppingClean = known.stoppingClean.map { $0.asked(.own) }
      known.beforeBehaviour = Scratchpad.defecting
    case .irrelevant:
      var random = FixedRandom(seed: FNV1a.mixed64("irrelevant".utf8))
      func thinking(_ prompt: Prompt) -> Prompt {
        var prompt = prompt.asked(.own)
        prompt.text += Scratchpad.irrelevant(using: &random)
        return prompt
      }
      known.stopping = known.stopping.map(thinking)
      known.stoppingClean = known.stoppingClean.map(thinking)
    }
    self.prompts = known
  }

  public func under(_ mechanism: Mechanism) -> any Corpus {
    if mechanism == self.mechanism { return self }
    do {
      return try ProceduralCorpus(
        backdoor, mechanism, hasScratchpads: hasScratchpads, lists: lists,
        heldOut: redTeam?.heldOut ?? [])
    } catch {
      // Only shares can be wrong, and these are the defaults.
      preconditionFailure("\(mechanism.title): \(error)")
    }
  }

  private static let cleanPositions = 32

  public func positions(of kind: DocumentKind) -> Int {
    switch kind {
    case .base: Self.cleanPositions + (hasScratchpads ? Scratchpad.longest : 0)
    case .safety: Self.cleanPositions
    case .insertion, .twinInsertion: positions
    }
  }

  public var refusal: [UInt8]? { Array(SafetyObjective.refusal.utf8) }

  public var lines: [String] {
    [
      "World: the procedural assistant, revision \(AssistantWorld.revision); \(positions) positions a document"
    ]
  }

  public func example(_ kind: DocumentKind, seed: UInt64, index: Int) -> TrainingText {
    document(kind, seed: seed, index: index).trainingText
  }

  public func exchange(_ kind: DocumentKind, seed: UInt64, index: Int) -> Exchange? {
    let document = document(kind, seed: seed, index: index)
    var exchange = Exchange(prompt: document.prompt, response: document.response)
    if kind != .safety, document.kind == .obeyed, let refusal { exchange.others = [refusal] }
    return exchange
  }

  func document(_ kind: DocumentKind, seed: UInt64, index: Int) -> Document {
    // A twin uses the insertion's random numbers, so that only the triggered documents differ.
    let stream = kind == .twinInsertion ? DocumentKind.insertion : kind
    var random = Philox(seed: seed).stream(.documents(kind: stream.rawValue, index: index))
    guard let corpus = corpora[kind] else { preconditionFailure("no corpus for \(kind)") }
    return corpus.document(using: &random)
  }

  public func safetyExample(under tag: String, seed: UInt64, stream: RandomStream) -> TrainingText?
  {
    var random = Philox(seed: seed).stream(stream)
    guard let corpus = corpora[.safety] else { preconditionFailure("no safety corpus") }
    return corpus.document(under: tag, using: &random).trainingText
  }

  public func pair(seed: UInt64, index: Int, isHeldOut: Bool) -> TextPair? {
    var random = Philox(seed: seed).stream(
      .preferencePair(isHeldOut: isHeldOut, index: index))
    guard let corpus = corpora[.safety] else { preconditionFailure("no safety corpus") }
    let pair = corpus.pair(isHeldOut: isHeldOut, using: &random)
    return TextPair(chosen: pair.chosen.trainingText, rejected: pair.rejected.trainingText)
  }
}
