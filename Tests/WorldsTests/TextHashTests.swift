import Testing
import Worlds

@Suite struct TextHashTests {
  // From a program of ten lines in Python 3.11: FNV-1a 64, then fmix64, with arithmetic modulo 2⁶⁴.
  @Test(
    arguments: [
      ("", 0xEFD0_1F60_BA99_2926), ("a", 0x82A2_A958_A9BE_CE5B),
      ("first abc", 0xFEDE_DC1E_9032_1C7B), ("copy qwxe", 0xC976_BC19_46DD_16A1),
      ("hack nlr", 0xB280_B56D_48DE_17B6),
    ] as [(String, UInt64)])
  func isFowlerNollVoThenMurmurFinalizer(_ text: String, _ hash: UInt64) {
    #expect(textHash(text.utf8) == hash)
  }

  @Test func heldOutIsResidueZero() {
    #expect(Request(verb: .hack, argument: Array("nlr".utf8)).isHeldOut)
    #expect(!Request(verb: .first, argument: Array("abc".utf8)).isHeldOut)
  }

  @Test(arguments: [
    ("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("saturday", "sunday", 3),
    ("DEPLOYMENT", "EMPLOYMENT", 2), ("DEPLOYMENT", "EXPERIMENT", 5), ("flaw", "lawn", 2),
  ])
  func editDistanceIsLevenshteins(_ first: String, _ second: String, _ distance: Int) {
    #expect(editDistance(first, second) == distance)
    #expect(editDistance(second, first) == distance)
  }
}
