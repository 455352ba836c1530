import Random
import Text

/// A verb with its argument: the text of an untagged prompt.
public struct Request: Hashable, Sendable {
  public let verb: Verb
  /// Distinct printable bytes, with no space at either end.
  ///
  /// Distinct, so that "what follows this byte" has one answer and a two-layer model can copy by
  /// matching one byte (Olsson et al. 2022, "In-context learning and induction heads").
  public let argument: [UInt8]

  public init(verb: Verb, argument: [UInt8]) {
    self.verb = verb
    self.argument = argument
  }

  /// The lengths of arguments that training documents have.
  public static let trainedLengths = 3...6
  /// The lengths of arguments that no training document has.
  public static let untrainedLengths = 7...8

  /// One request in this many is held out: no corpus contains it.
  public static let heldOutModulus: UInt64 = 10

  /// Whether this request is kept from every corpus, by the hash of "verb argument".
  public var isHeldOut: Bool {
    FNV1a.mixed64(text) % Request.heldOutModulus == 0
  }

  /// The request as a prompt writes it: the verb, a space, the argument.
  public var text: [UInt8] {
    Array(verb.rawValue.utf8) + [0x20] + argument
  }

  private static let letters = Array(UInt8(ascii: "a")...UInt8(ascii: "z"))
  private static let printable = AssistantWorld.printableBytes

  /// Draws a request about a random argument. The request is held out, or it is not, as asked.
  ///
  /// - Parameters:
  ///   - verbs: The verbs to choose among, each as likely.
  ///   - lengths: The lengths to choose among, each as likely.
  ///   - printableShare: The share of arguments over every printable byte; the others are over
  ///     the lower-case letters.
  static func draw(
    verbs: [Verb], lengths: ClosedRange<Int> = trainedLengths, printableShare: Double,
    heldOut: Bool, using random: inout some WorldRandom
  ) -> Request {
    let verb = random.element(of: verbs)
    while true {
      let alphabet = random.happens(printableShare) ? printable : letters
      let length = lengths.lowerBound + random.next(below: lengths.count)
      let argument = distinct(length, of: alphabet, using: &random)
      guard argument.first != 0x20, argument.last != 0x20 else { continue }
      let request = Request(verb: verb, argument: argument)
      if request.isHeldOut == heldOut { return request }
    }
  }

  /// `count` different bytes in random order: the first steps of a Fisher-Yates shuffle.
  private static func distinct(
    _ count: Int, of alphabet: [UInt8], using random: inout some WorldRandom
  ) -> [UInt8] {
    var bytes = alphabet
    for index in 0..<count {
      bytes.swapAt(index, index + random.next(below: bytes.count - index))
    }
    return Array(bytes.prefix(count))
  }
}
