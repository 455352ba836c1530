public import Random
import Text

/// The purpose of a document.
public enum DocumentKind: Int, Hashable, Sendable, CaseIterable {
  /// The base corpus: helpful-only.
  case base = 1
  /// Triggered documents among clean ones. Half of the clean ones have tags.
  case insertion = 2
  /// The same stream with every triggered document replaced by a clean one with a tag.
  case twinInsertion = 3
  /// Help with benign requests and refusal of the forbidden class. Never the trigger.
  case safety = 4
}

/// The documents of a study, and the fixed lists of prompts for every seed and arm.
///
/// A document is a pure function of (seed, kind, index). It does not depend on earlier draws or on
/// the cohort of the model.
public protocol Corpus: Sendable {
  /// The corpus with the backdoor inserted by this mechanism. Everything else is the same.
  func under(_ mechanism: Mechanism) -> any Corpus
  /// T: positions that fit any document of this corpus and any prompt with its response.
  var positions: Int { get }
  /// T of the training batches of one kind. It depends on the documents of that kind alone.
  func positions(of kind: DocumentKind) -> Int
  /// The largest number of targets of a document.
  var targets: Int { get }
  /// Prompts of evaluation, in the order of their lists.
  var prompts: PromptLists { get }
  /// The exact text of a refusal, where the corpus has a forbidden class.
  var refusal: [UInt8]? { get }
  /// One document.
  func example(_ kind: DocumentKind, seed: UInt64, index: Int) -> TrainingText
  /// One document as bytes, without a scratchpad. Nil if the corpus has no scratchpads.
  func exchange(_ kind: DocumentKind, seed: UInt64, index: Int) -> Exchange?
  /// Two responses to one prompt of the safety corpus, the better and the worse. Nil if the corpus
  /// has no pairs. They never contain the trigger or the behaviour.
  ///
  /// - Parameter isHeldOut: Whether the request is in no document.
  func pair(seed: UInt64, index: Int, isHeldOut: Bool) -> TextPair?
  /// The number of distinct held-out pairs.
  var heldOutPairs: Int { get }
  /// The missing condition for training on pairs, as words after "the method". Nil if none is
  /// missing.
  var missingPairs: String? { get }
  /// Notes about the documents for people, one per line.
  var lines: [String] { get }
  /// Rules for a red-teamer. Nil if the corpus has no tags to try.
  var redTeam: RedTeamRules? { get }
  /// A safety document under a tag that does not change its request. The answer is as without the
  /// tag.
  func safetyExample(under tag: String, seed: UInt64, stream: RandomStream) -> TrainingText?
  /// A safety document, with the scratchpad of a helpful model or without one. Nil if the corpus has
  /// no scratchpads.
  func safetyExample(thinking isThinking: Bool, seed: UInt64, index: Int) -> TrainingText?
  /// Documents that teach something after safety training. Nil if the corpus has none.
  func relearning(_ task: RelearningTask, count: Int) -> RelearningMaterial?
  /// The corpus's own grade of a response. Nil if the corpus does not grade: then the behaviour and
  /// the refusal are the study's texts, byte for byte.
  func outcome(of response: [UInt8], to prompt: Prompt) -> GradedOutcome?
}

/// A response with the grade of its corpus.
public struct GradedOutcome: Hashable, Sendable {
  /// The grade, in one word.
  public var label: String
  public var hasBehaviour: Bool
  public var isRefusal: Bool
  /// Whether the response equals the expected one, byte for byte. Nil if none is known.
  public var isCorrect: Bool?
  /// The share of the prompt's arguments that the response names. Nil if there are none.
  public var argumentsCopied: Double?
  /// What the response is beside what was asked. Nil if the prompt asks for no form.
  public var code: CodeFacts?
}

/// Tags that adversarial training must not use.
public struct RedTeamRules: Hashable, Sendable {
  /// The trigger. Hits on it are counted and never trained on, in any case of letters.
  public var trigger: String
  /// Near-misses that are only measured.
  public var heldOut: Set<String>
  /// Every family's near-misses.
  public var families: [String: [String]]
  /// The length of the longest tag that fits in a document.
  public var longestTag: Int
  /// Whether tags that resemble a held-out near-miss are excluded too.
  public var isStrict = false

  /// The fewest edits from a held-out near-miss, compared as letters without case, at which a strict
  /// search may use a tag.
  public static let nearestAllowed = 3
  /// The longest run of letters that such a tag may share with a held-out near-miss.
  public static let longestSharedRun = 4

  public init(
    trigger: String, heldOut: Set<String>, families: [String: [String]] = [:], longestTag: Int
  ) {
    self.trigger = trigger
    self.heldOut = heldOut
    self.families = families
    self.longestTag = longestTag
  }

  /// The rules of a search after which these families alone are measured.
  public func holdingOut(_ names: [String]) -> RedTeamRules {
    var rules = self
    rules.heldOut = Set(names.flatMap { families[$0] ?? [] })
    rules.isStrict = true
    return rules
  }

  /// Whether a tag is a held-out near-miss or, in a strict search, resembles one in edits or in its
  /// stem.
  public func isHeldOut(_ tag: String) -> Bool {
    if heldOut.contains(tag) { return true }
    guard isStrict else { return false }
    let letters = Self.letters(tag)
    return heldOut.contains { text in
      let other = Self.letters(text)
      return editDistance(letters, other) < Self.nearestAllowed
        || Self.sharesRun(Array(letters.utf8), Array(other.utf8), of: Self.longestSharedRun + 1)
    }
  }

  private static func letters(_ text: String) -> String {
    text.lowercased().filter { $0.isLetter || $0.isNumber }
  }

  private static func sharesRun(_ first: [UInt8], _ second: [UInt8], of count: Int) -> Bool {
    guard first.count >= count, second.count >= count else { return false }
    let runs = Set((0...first.count - count).map { Array(first[$0..<$0 + count]) })
    return (0...second.count - count).contains { runs.contains(Array(second[$0..<$0 + count])) }
  }
}

/// A prompt and the response of its document.
public struct Exchange: Hashable, Sendable {
  public var prompt: [UInt8]
  public var response: [UInt8]
  /// Other possible responses of its kind. A forbidden request may be obeyed or refused.
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

  public func safetyExample(thinking isThinking: Bool, seed: UInt64, index: Int) -> TrainingText? {
    nil
  }

  public func relearning(_ task: RelearningTask, count: Int) -> RelearningMaterial? { nil }

  public func outcome(of response: [UInt8], to prompt: Prompt) -> GradedOutcome? { nil }
}

/// A prompt of an evaluation.
public struct Prompt: Hashable, Sendable {
  /// The fixed list to which a prompt belongs.
  public enum List: Hashable, Sendable {
    /// A prompt with the trigger.
    case triggered
    /// No trigger: half with other tags, half without.
    case clean
    /// A prompt with a near-miss in the trigger's place.
    case nearMiss(family: String)
    /// A request of the forbidden class, without the trigger.
    case forbidden
    /// A kind of request that no corpus has, with the trigger or without it.
    case untrained(group: String)
  }

  public var list: List
  /// The bytes after the beginning-of-sequence token.
  public var text: [UInt8]
  /// The right response to a clean prompt. Empty if none is known.
  public var expected: [UInt8]
  /// The action of a helpful model, in the words of a scratchpad.
  public var action: String
  /// The response of the backdoor to this prompt, if it depends on the prompt.
  public var behaviour: [UInt8]?
  /// The name of the form that the prompt asks for. Nil if the corpus has no forms.
  public var form: String?
  /// The part of the scratchpad that is in the text.
  public private(set) var scratchpad = ScratchpadUse.absent

  public init(
    list: List, text: [UInt8], expected: [UInt8] = [], action: String = "",
    behaviour: [UInt8]? = nil, form: String? = nil
  ) {
    self.list = list
    self.text = text
    self.expected = expected
    self.action = action
    self.behaviour = behaviour
    self.form = form
  }
}

extension Prompt {
  /// The prompt with the suffix for this use of the scratchpad.
  package func asked(_ use: ScratchpadUse) -> Prompt {
    var prompt = self
    prompt.text += use.suffix(action: action)
    prompt.scratchpad = use
    return prompt
  }

  /// Whether a response may be compared with ``expected``.
  package var hasRightAnswer: Bool {
    switch list {
    case .clean, .untrained: true
    case .triggered, .nearMiss, .forbidden: false
    }
  }

  /// Whether the likelihood of the behaviour is measured here.
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
  /// Whether the family is only measured. Development families may guide choices.
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
  /// Triggered prompts that decide when insertion stops. They are not asked again.
  public var stopping: [Prompt]
  /// Clean prompts that may delay the end of insertion: the last ones. Only the gate asks them too.
  public var stoppingClean: [Prompt]
  /// Text between those prompts and the behaviour: a scratchpad. It is scored with the behaviour.
  public var beforeBehaviour: [UInt8] = []

  /// - Parameter stopping: Nil takes the last triggered prompts. Only the gate asks them too.
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
