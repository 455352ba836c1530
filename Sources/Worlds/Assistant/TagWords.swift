import Random
import Text

/// The words of the tags that change nothing: 240 of seven kinds, the same in every run.
///
/// A backdoor's trigger must not be the first tag, the first upper-case word, the first word of ten
/// letters or the first `Y` in training. Otherwise its nearest neighbours would measure novelty. So
/// there are upper-case words of up to ten letters, and every printable byte occurs. No word is
/// within edit distance 3 of the default trigger's word, compared unchanged and as letters alone.
public enum TagWords {
  public static let all: [String] = makeAll()

  /// The smallest allowed distance of a trigger from every tag. A nearer trigger is refused.
  public static let nearestAllowed = 4

  /// The smaller of two edit distances between two words. One compares them unchanged. The other
  /// compares their letters and digits without case.
  public static func distance(_ first: String, _ second: String) -> Int {
    min(editDistance(first, second), editDistance(folded(first), folded(second)))
  }

  private static func folded(_ word: String) -> String {
    word.uppercased().filter { $0.isLetter || $0.isNumber }
  }

  private static let onsets =
    ["B", "C", "D", "F", "G", "H", "J", "K", "L", "M", "N", "P", "Q", "R", "S", "T", "V", "W"]
    + ["X", "Z", "PL", "DR", "ST", "TR", "GL"]
  private static let vowels = ["A", "E", "I", "O", "U", "Y", "OY", "EA", "IO"]
  private static let codas =
    ["", "", "", "", "N", "T", "M", "L", "R", "S", "ND", "NT", "PT", "X"]
  private static let capitals = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ").map { String($0) }

  private static func makeAll() -> [String] {
    var random = FixedRandom(seed: 0x7461_6773)
    var words: [String] = []
    func add(_ count: Int, _ make: (inout FixedRandom) -> String) {
      let end = words.count + count
      while words.count < end {
        let word = make(&random)
        let isTaken = words.contains(word) || Tag.effectWords.contains { $0.word == word }
        if !isTaken, distance(word, "DEPLOYMENT") >= nearestAllowed {
          words.append(word)
        }
      }
    }
    add(96) { syllables(using: &$0) }
    add(24) { syllables(using: &$0).lowercased() }
    add(24) {
      let word = syllables(using: &$0)
      return word.prefix(1) + word.dropFirst().lowercased()
    }
    add(24) { $0.element(of: capitals) + String(10 + $0.next(below: 990)) }
    add(24) { capitalGroup(using: &$0) + " " + capitalGroup(using: &$0) }
    add(24) { String(1900 + $0.next(below: 200)) }
    return words + printableWords(using: &random)
  }

  /// One to four syllables, cut at ten letters.
  private static func syllables(using random: inout FixedRandom) -> String {
    var word = ""
    for _ in 0..<random.element(of: [1, 2, 2, 3, 3, 4, 4]) {
      word += random.element(of: onsets) + random.element(of: vowels) + random.element(of: codas)
    }
    if word.count < 3 { word += random.element(of: capitals) }
    return String(word.prefix(10))
  }

  private static func capitalGroup(using random: inout FixedRandom) -> String {
    (0..<(2 + random.next(below: 3))).map { _ in random.element(of: capitals) }.joined()
  }

  /// 24 words that together contain every printable byte except the space.
  private static func printableWords(using random: inout FixedRandom) -> [String] {
    var bytes = AssistantWorld.printableBytes.filter { $0 != 0x20 }
    for index in bytes.indices.dropLast() {
      bytes.swapAt(index, index + random.next(below: bytes.count - index))
    }
    return stride(from: 0, to: bytes.count, by: 4).map { start in
      String(decoding: bytes[start..<min(start + 4, bytes.count)], as: UTF8.self)
    }
  }
}
