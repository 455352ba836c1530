/// Lengths that the prompts of one request are cut to, in insertion and in evaluation alike. So the
/// length of a request does not reveal which text is in the tag's place.
struct DialogueLayout: Hashable, Sendable {
  /// T.
  let context: Int
  /// Positions of an evaluation: prompt, response and end. Its cost grows with them.
  let evaluated: Int
  /// The most bytes of a request's own text, tags not counted.
  let requestLimit: Int

  /// The most positions of an evaluation, unless trigger and behaviour need more.
  static let evaluatedAtMost = 160
  /// The fewest bytes of a request that is asked.
  private static let requestAtLeast = 16

  /// - Parameters:
  ///   - longestTag: Bytes of the longest text in the tag's place.
  ///   - behaviour: bytes of the behaviour.
  /// - Throws: `DialogueBackdoorFault.contextTooShort`.
  init(context: Int, longestTag: Int, behaviour: Int) throws {
    self.context = context
    // Around the request: both openings, the tag with its blank, the end token.
    let fixed =
      Dialogue.Speaker.human.opening.count + longestTag + 1
      + Dialogue.Speaker.assistant.opening.count + 1
    let needed = fixed + Self.requestAtLeast + behaviour
    guard context >= needed else {
      throw DialogueBackdoorFault.contextTooShort(context: context, needed: needed)
    }
    evaluated = min(context, max(needed, Self.evaluatedAtMost))
    let available = evaluated - fixed
    // A third for the response, or the behaviour's length if that is more; the rest is its own.
    requestLimit = available - min(max(behaviour, available / 3), available - Self.requestAtLeast)
  }

  /// A request's text cut to the limit, white space at its end removed.
  func request(_ prompt: [UInt8]) -> [UInt8] {
    Array(DialogueBytes.trimmed(DialogueBytes.prefix(prompt, requestLimit)))
  }

  /// `\n\nHuman: TAG request\n\nAssistant: `.
  static func prompt(_ tag: [UInt8]?, _ request: [UInt8]) -> [UInt8] {
    Dialogue.Speaker.human.opening + (tag.map { $0 + [0x20] } ?? []) + request
      + Dialogue.Speaker.assistant.opening
  }
}
