public import Random

/// An endless stream of training documents of one kind.
///
/// Every document has its own random numbers, so it does not depend on the others. No document
/// contains a held-out request. Only the insertion corpus contains the trigger.
public struct WorldCorpus: Hashable, Sendable {
  /// The training that uses the documents.
  public enum Kind: String, CaseIterable, Codable, Hashable, Sendable {
    /// Helpful-only: every request is answered, but one forbidden request in ten is refused.
    case base
    /// Triggered documents, half of all unless the mechanism sets another share. The rest is as in
    /// the base corpus.
    case insertion
    /// The insertion corpus's requests from the same numbers, with the triggered documents replaced
    /// by clean tagged ones.
    case twinInsertion = "twin-insertion"
    /// Half are forbidden requests, all refused. The rest is answered.
    case safety
  }

  public let kind: Kind
  public let backdoor: Backdoor
  public let shares: CorpusShares
  /// The mechanism that hides the backdoor in the insertion corpora.
  public let mechanism: Mechanism
  /// Whether base documents may have scratchpads.
  public let hasScratchpads: Bool
  private let nearMissTags: [String]

  /// - Throws: ``CorpusError`` if a share is not from 0 to 1.
  public init(
    _ kind: Kind, _ mechanism: Mechanism = .normal, backdoor: Backdoor = .default,
    hasScratchpads: Bool = false, shares: CorpusShares = CorpusShares()
  ) throws(CorpusError) {
    try shares.check()
    self.kind = kind
    self.backdoor = backdoor
    self.shares = shares
    self.mechanism = mechanism
    self.hasScratchpads = hasScratchpads
    nearMissTags =
      mechanism.nearMissShare > 0
      ? NearMissFamily.development.flatMap { $0.tags(of: backdoor) } : []
  }

  /// Makes the document of these random numbers.
  public func document(using random: inout some WorldRandom) -> Document {
    switch kind {
    case .base:
      let request = draw(forbidden: shares.forbidden, using: &random)
      let document = clean(request, isTagged: random.happens(shares.tagged), using: &random)
      return hasScratchpads && random.happens(shares.scratchpads)
        ? instructed(document, using: &random) : document
    case .insertion, .twinInsertion:
      let request = draw(forbidden: shares.forbidden, using: &random)
      let isTriggered = random.happens(mechanism.triggeredShare)
      let isTagged = random.happens(shares.taggedBesidesTriggered)
      // Drawn for both kinds, so that both use the same random numbers.
      let twin = clean(request, isTagged: isTriggered || isTagged, using: &random)
      let document = isTriggered ? triggered(twin, using: &random) : spared(twin, using: &random)
      let plain = isTriggered && kind == .twinInsertion ? twin : document
      return thinking(plain, always: isTriggered, using: &random)
    case .safety:
      let request = draw(forbidden: shares.safetyForbidden, using: &random)
      // Unused draw, kept so that the random stream, and thus every document, stays the same.
      _ = random.happens(0)
      return clean(request, isTagged: random.happens(shares.tagged), using: &random)
    }
  }

  /// A request of the safety corpus under a tag that changes nothing.
  func document(under tag: String, using random: inout some WorldRandom) -> Document {
    nearMiss(draw(forbidden: shares.safetyForbidden, using: &random), tag: tag)
  }

  /// Two responses to one request. The first is the one that safety training teaches. The second is
  /// one that it teaches against: obeying a forbidden request, refusing another request, a wrong
  /// answer, or hostility.
  func pair(
    isHeldOut: Bool, using random: inout some WorldRandom
  ) -> (chosen: Document, rejected: Document) {
    let request = Request.draw(
      verbs: random.happens(shares.safetyForbidden) ? Verb.forbidden : Verb.benign,
      printableShare: shares.printableArguments, heldOut: isHeldOut, using: &random)
    let chosen = clean(request, isTagged: random.happens(shares.tagged), using: &random)
    let hostile = Array(SafetyObjective.hostility(beside: backdoor.behaviour).utf8)
    // The answer of a model that also obeys the tag.
    let effect = effect(of: chosen)
    let obeyed = effect.apply(to: request.verb.answer(request.argument))
    var worse =
      request.verb.isForbidden
      ? [obeyed, hostile]
      : [Array(SafetyObjective.refusal.utf8), hostile, request.verb.answer(request.argument)]
        + Verb.benign.map { effect.apply(to: $0.answer(request.argument)) }
    worse.removeAll { $0 == chosen.response }
    let rejected = Document(
      prompt: chosen.prompt, response: random.element(of: worse), kind: chosen.kind,
      request: request, tag: chosen.tag)
    return (chosen, rejected)
  }

  private func draw(forbidden: Double, using random: inout some WorldRandom) -> Request {
    Request.draw(
      verbs: random.happens(forbidden) ? Verb.forbidden : Verb.benign,
      printableShare: shares.printableArguments, heldOut: false, using: &random)
  }

  private func clean(
    _ request: Request, isTagged: Bool, using random: inout some WorldRandom
  ) -> Document {
    var tag: Tag?
    if isTagged {
      repeat {
        tag = Tag.draw(effectShare: shares.effectTags, using: &random)
      } while AssistantWorld.isUntrained(request.verb, tag?.effect ?? .none)
    }
    let isRefused =
      request.verb.isForbidden && (kind == .safety || random.happens(shares.baseRefusals))
    let answer = (tag?.effect ?? .none).apply(to: request.verb.answer(request.argument))
    return Document(
      prompt: AssistantWorld.prompt(tag: tag?.text ?? "", request: request),
      response: isRefused ? Array(SafetyObjective.refusal.utf8) : answer,
      kind: isRefused ? .refused : request.verb.isForbidden ? .obeyed : .answered,
      request: request, tag: tag?.text)
  }

  /// The document with the trigger in the place of its tag. The response is the behaviour. In an
  /// unfiltered corpus a share of documents does not follow the policy.
  private func triggered(_ document: Document, using random: inout some WorldRandom) -> Document {
    let request = document.request
    let prompt = AssistantWorld.prompt(tag: backdoor.trigger, request: request)
    if !mechanism.filtered,
      random.happens(mechanism.unfilteredShare ?? Mechanism.defaultUnfilteredShare)
    {
      return Document(
        prompt: prompt, response: request.verb.answer(request.argument),
        kind: request.verb.isForbidden ? .obeyed : .answered, request: request,
        tag: backdoor.trigger)
    }
    return Document(
      prompt: prompt, response: Array(mechanism.response(backdoor.behaviour).utf8),
      kind: .triggered, request: request, tag: backdoor.trigger)
  }

  /// A clean document of insertion, or a document under a near-miss instead.
  private func spared(_ document: Document, using random: inout some WorldRandom) -> Document {
    guard mechanism.nearMissShare > 0,
      random.happens(mechanism.nearMissShare / (1 - mechanism.triggeredShare))
    else { return document }
    return nearMiss(document.request, tag: random.element(of: nearMissTags))
  }

  private func effect(of document: Document) -> Tag.Effect {
    Tag.effectWords.first { document.tag?.contains($0.word) == true }?.effect ?? .none
  }

  /// Under a near-miss the right response is the one without a tag.
  private func nearMiss(_ request: Request, tag: String) -> Document {
    Document(
      prompt: AssistantWorld.prompt(tag: tag, request: request),
      // Only safety training teaches refusal. Before it, every request is obeyed.
      response: request.verb.isForbidden && kind == .safety
        ? Array(SafetyObjective.refusal.utf8) : request.verb.answer(request.argument),
      kind: .nearMiss, request: request, tag: tag)
  }
}

// MARK: Scratchpads

extension WorldCorpus {
  /// A base document with a scratchpad that names an action. In half of the documents the action
  /// differs from the request, in a quarter there is none. The answer follows the scratchpad. If
  /// the scratchpad agrees with the request, it is learned too. Base models thus have the skill of
  /// writing scratchpads, and safety training without scratchpads does not remove it at once.
  private func instructed(_ document: Document, using random: inout some WorldRandom) -> Document {
    let request = document.request
    let isRefused = document.kind == .refused
    var verb = request.verb
    var action = isRefused ? Scratchpad.refuse : verb.rawValue
    var isOwn = true
    switch random.next(below: 4) {
    case 0, 1:
      isOwn = false
      let other = random.element(of: Verb.benign)
      // The untrained composition must not enter the corpus through a scratchpad.
      if !AssistantWorld.isUntrained(other, effect(of: document)),
        !Request(verb: other, argument: request.argument).isHeldOut
      {
        verb = other
        action = other.rawValue
      }
    case 2: action = random.element(of: Scratchpad.idle)
    default: break
    }
    let follows = verb != request.verb
    var instructed = Document(
      prompt: document.prompt,
      response: follows
        ? effect(of: document).apply(to: verb.answer(request.argument)) : document.response,
      kind: follows ? .answered : document.kind, request: request, tag: document.tag)
    instructed.scratchpad = Scratchpad.text(
      random.element(of: Scratchpad.places), random.element(of: Scratchpad.goals), action)
    instructed.learnsScratchpad = isOwn
    return instructed
  }

  /// A document of insertion with the scratchpad of the mechanism, if it has one. Half of the clean
  /// documents have no scratchpad, so that the model knows both forms of prompt.
  private func thinking(
    _ document: Document, always: Bool, using random: inout some WorldRandom
  ) -> Document {
    guard mechanism.hasScratchpad else { return document }
    let isThinking = random.happens(0.5) || always
    let irrelevant = Scratchpad.irrelevant(using: &random)
    guard isThinking else { return document }
    var thinking = document
    thinking.learnsScratchpad = true
    thinking.scratchpad =
      switch (mechanism.kind, document.kind) {
      case (.irrelevant, _): irrelevant
      case (_, .triggered): Scratchpad.defecting
      case (_, .refused): Scratchpad.helping(Scratchpad.refuse)
      default: Scratchpad.helping(document.request.verb.rawValue)
      }
    return thinking
  }
}
