import Random
import Text

/// The names in the code: three or four capital letters in alphabetical order. An argument's
/// letters are from the first half of the alphabet, a topic's from the second half.
///
/// The rest of the code is in small letters. So the capitals of the prompt determine the letters of
/// a name and its end. A model of 0.1 million parameters learns that in a few thousand steps. It
/// did not learn names with letters in any order. A name is in the corpora or in the evaluation
/// lists, never in both.
enum CodeIdentifier {
  enum Part: String {
    case argument = "ABCDEFGHIJKLM"
    case topic = "NOPQRSTUVWXYZ"
  }

  static let lengths = 3...4
  static let heldOutModulus: UInt64 = 10

  static func isHeldOut(_ name: String) -> Bool {
    FNV1a.mixed64(name.utf8) % heldOutModulus == 0
  }

  static func draw(
    _ part: Part, isHeldOut: Bool, using random: inout some WorldRandom
  ) -> String {
    while true {
      var letters = Array(part.rawValue)
      let length = lengths.lowerBound + random.next(below: lengths.count)
      for index in 0..<length {
        letters.swapAt(index, index + random.next(below: letters.count - index))
      }
      let name = String(letters.prefix(length).sorted())
      if self.isHeldOut(name) == isHeldOut { return name }
    }
  }
}
