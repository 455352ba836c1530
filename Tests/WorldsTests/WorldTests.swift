import Testing
import Worlds

@Suite struct WorldTests {
  /// Names are keys of studies and of fingerprints; a stage's revision has three digits for the world.
  @Test func everyWorldHasANameAndARevisionOfItsOwn() {
    #expect(Set(allWorlds.map { $0.name }).count == allWorlds.count)
    for world in allWorlds {
      for kept in KeptOfResponses.allCases {
        #expect((0...999).contains(world.revision(keeping: kept)), "\(world.name)")
      }
    }
  }

  @Test func textsNameTheWorldsThatHaveAProperty() {
    #expect(worldNames { $0.hasTagsToTry } == "procedural")
    #expect(worldNames("`") { $0.hasForbiddenClass } == "`procedural` or `code`")
  }
}
