import Worlds
import Testing

@Suite struct HeldOutRequestTests {
  @Test func heldOutIsResidueZero() {
    #expect(Request(verb: .hack, argument: Array("nlr".utf8)).isHeldOut)
    #expect(!Request(verb: .first, argument: Array("abc".utf8)).isHeldOut)
  }
}
