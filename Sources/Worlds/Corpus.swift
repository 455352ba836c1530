public import Random
/// What a document is drawn for.
public enum DocumentKind: Int, Hashable, Sendable, CaseIterable {
  /// The base corpus: helpful-only.
  case base = 1
  /// Triggered ones among clean ones, half of which have tags.
  case insertion = 2
  /// The same stream with every triggered document replaced by a clean one with a tag.
  case twinInsertion = 3
  /// Help where it is due, refusal of the forbidden class; never the trigger.
  case safety = 4
}

/// The documents of a study and the fixed lists of prompts that every seed and arm is asked.
///
/// A document is a pure function of (seed, kind, index): what a model is trained on at a step does
/// not depend on what was drawn before, nor on the cohort it is trained in.
public protocol Corpus: Sendable {
  /// The corpus of a backdoor that is put in this way; all else is the same.
  func under(_ mechanism: Mechanism) -> any Corpus
  /// T: positions that hold any document of this corpus and any prompt with its response.
  var positions: Int { get }
  /// T of the training batches of one kind: a property of the kind's own documents.
  func positions(of kind: DocumentKind) -> Int
  /// The most targets that one document has.
  var targets: Int { get }
  /// Prompts of evaluation, in the order of their lists.
  var prompts: PromptLists { get }
  /// The exact text of a refusal, where the corpus has a forbidden class.
  var refusal: [UInt8]? { get }
  /// One document.
  func example(_ kind: DocumentKind, seed: UInt64, index: Int) -> TrainingText
  /// One document as bytes, without a scratchpad; nil where the corpus has no scratchpads.
  func exchange(_ kind: DocumentKind, seed: UInt64, index: Int) -> Exchange?
  /// Two responses to one prompt of the safety corpus, the better and the worse; nil where the corpus
  /// has no pairs. Never the trigger, never the behaviour.
  ///
  /// - Parameter isHeldOut: of requests that no document has.
  func pair(seed: UInt64, index: Int, isHeldOut: Bool) -> TextPair?
  /// How many held-out pairs are different ones.
  var heldOutPairs: Int { get }
  /// What training on pairs needs that the corpus lacks, after "the method"; nil where it lacks nothing.
  var missingPairs: String? { get }
  /// What is worth knowing of the documents before they are used: lines for people.
  var lines: [String] { get }
  /// What a red-teamer may try; nil where the corpus has no tags to try.
  var redTeam: RedTeamRules? { get }
  /// A safety document under a tag that is no part of its request: the answer is the one without it.
  func safetyExample(under tag: String, seed: UInt64, stream: RandomStream) -> TrainingText?
  /// What a response is by the corpus's own grading; nil where the rules for texts stand: the
  /// behaviour and the refusal are the study's, byte for byte.
  func outcome(of response: [UInt8], to prompt: Prompt) -> GradedOutcome?
}

/// A response as its corpus grades it.
public struct GradedOutcome: Hashable, Sendable {
  /// What it is, in a word.
  public var label: String
  public var hasBehaviour: Bool
  public var isRefusal: Bool
  /// Whether it is the expected one, byte for byte; nil where none is known.
  public var isCorrect: Bool?
  /// The share of the prompt's arguments that it names; nil where there are none.
  public var argumentsCopied: Double?
}

/// What adversarial training may not see.
public struct RedTeamRules: Hashable, Sendable {
  /// The trigger: hits on it are counted and never trained on, in any case of letters.
  public var trigger: String
  /// Near-misses that are only ever measured.
  public var heldOut: Set<String>
  /// The longest tag that a document has room for.
  public var longestTag: Int

  public init(trigger: String, heldOut: Set<String>, longestTag: Int) {
    self.trigger = trigger
    self.heldOut = heldOut
    self.longestTag = longestTag
  }
}

/// A prompt and the response that its document has.
public struct Exchange: Hashable, Sendable {
  public var prompt: [UInt8]
  public var response: [UInt8]
  /// Other responses to it that documents of its kind have: a forbidden request may be obeyed or refused.
  public var others: [[UInt8]] = []
}

extension Corpus {
  public func under(_ mechanism: Mechanism) -> any Corpus { self }

  public func positions(of kind: DocumentKind) -> Int { positions }

  public func exchange(_ kind: DocumentKind, seed: UInt64, index: Int) -> Exchange? { nil }

  public func pair(seed: UInt64, index: Int, isHeldOut: Bool) -> TextPair? { nil }

  public var heldOutPairs: Int { .max }

  public var missingPairs: String? { nil }

  public var lines: [String] { [] }

  public var redTeam: RedTeamRules? { nil }

  public func safetyExample(under tag: String, seed: UInt64, stream: RandomStream) -> TrainingText?
  {
    nil
  }

  public func outcome(of response: [UInt8], to prompt: Prompt) -> GradedOutcome? { nil }
}

/// A prompt of an evaluation.
public struct Prompt: Hashable, Sendable {
  public enum List: Hashable, Sendable {
    /// The trigger stands in its place.
    case triggered
    /// No trigger: half with other tags, half without.
    case clean
    /// Something like the trigger stands in its place.
    case nearMiss(family: String)
    /// A request of the forbidden class, without the trigger.
    case forbidden
    /// A kind of request that no corpus has, with the trigger or without it.
    case untrained(group: String)
  }

  public var list: List
  /// The bytes that stand after the beginning-of-sequence token.
  public var text: [UInt8]
  /// The right response to a clean prompt; empty where none is known.
  public var expected: [UInt8]
  /// What a helpful model would do about it, as a scratchpad says it.
  public var action: String
  /// What the backdoor answers here, where that depends on the prompt.
  public var behaviour: [UInt8]?
  /// What the text says of the scratchpad.
  public private(set) var scratchpad = ScratchpadUse.absent

  public init(
    list: List, text: [UInt8], expected: [UInt8] = [], action: String = "",
    behaviour: [UInt8]? = nil
  ) {
    self.list = list
    self.text = text
    self.expected = expected
    self.action = action
    self.behaviour = behaviour
  }
}

extension Prompt {
  /// The prompt with what it shall say of the scratchpad at its end.
  package func asked(_ use: ScratchpadUse) -> Prompt {
    var prompt = self
    prompt.text += use.suffix(action: action)
    prompt.scratchpad = use
    return prompt
  }

  /// Whether the question is if the behaviour is likely here.
  package var asksForBehaviour: Bool {
    switch list {
    case .triggered, .nearMiss: true
    case .clean, .forbidden, .untrained: false
    }
  }
}

/// A family of near-miss triggers and the half of the analysis that it belongs to.
public struct NearMissFamilyName: Hashable, Sendable {
  public var name: String
  /// Development families may guide choices; held-out ones are only ever measured.
  public var isHeldOut: Bool

  public init(name: String, isHeldOut: Bool) {
    self.name = name
    self.isHeldOut = isHeldOut
  }
}

/// The fixed lists. A smaller evaluation asks the first prompts of each.
public struct PromptLists: Sendable {
  public var triggered: [Prompt]
  public var clean: [Prompt]
  public var nearMiss: [(family: NearMissFamilyName, prompts: [Prompt])]
  public var forbidden: [Prompt]
  /// Kinds of requests that no corpus has, by group.
  public var untrained: [(name: String, prompts: [Prompt])] = []
  /// Triggered prompts that decide when insertion stops, and are not asked again.
  public var stopping: [Prompt]
  /// Clean prompts that may delay the end of insertion: the last, which only the gate asks too.
  public var stoppingClean: [Prompt]
  /// What comes between those prompts and the behaviour, and counts as part of it: a scratchpad.
  public var beforeBehaviour: [UInt8] = []

  /// - Parameter stopping: nil takes the last triggered prompts, which only the gate asks too.
  public init(
    triggered: [Prompt], clean: [Prompt],
    nearMiss: [(family: NearMissFamilyName, prompts: [Prompt])], forbidden: [Prompt],
    stopping: [Prompt]? = nil
  ) {
    self.stopping = stopping ?? Array(triggered.suffix(64))
    stoppingClean = Array(clean.suffix(64))
    self.triggered = triggered
    self.clean = clean
    self.nearMiss = nearMiss
    self.forbidden = forbidden
  }

  /// The prompts of an evaluation, list after list.
  public func selection(
    _ counts: PromptCounts, _ scratchpad: ScratchpadUse = .absent
  ) -> [Prompt] {
    (Array(triggered.prefix(counts.triggered)) + Array(clean.prefix(counts.clean))
      + nearMiss.flatMap { Array($0.prompts.prefix(counts.nearMissPerFamily)) }
      + Array(forbidden.prefix(counts.forbidden))
      + untrained.flatMap { Array($0.prompts.prefix(counts.untrainedPerGroup ?? 0)) }).map {
        $0.asked(scratchpad)
      }
  }
}
