import Testing
import Text

/// Splits of corpora, random streams and records of kernels depend on these values.
@Suite struct HashTests {
  /// The reference vectors of the algorithm's authors (`test_fnv.c`).
  @Test(
    arguments: [
      ("", 0xCBF2_9CE4_8422_2325, 0x811C_9DC5), ("a", 0xAF63_DC4C_8601_EC8C, 0xE40C_292C),
      ("foobar", 0x8594_4171_F739_67E8, 0xBF9C_F968),
    ] as [(String, UInt64, UInt32)])
  func areFNV1a(_ text: String, _ hash: UInt64, _ short: UInt32) {
    #expect(FNV1a.hash64(text.utf8) == hash)
    #expect(FNV1a.hash32(text.utf8) == short)
  }

  // From a program of ten lines in Python 3.11: FNV-1a 64, then fmix64, with arithmetic modulo 2⁶⁴.
  @Test(
    arguments: [
      ("", 0xEFD0_1F60_BA99_2926), ("a", 0x82A2_A958_A9BE_CE5B),
      ("first abc", 0xFEDE_DC1E_9032_1C7B), ("copy qwxe", 0xC976_BC19_46DD_16A1),
      ("hack nlr", 0xB280_B56D_48DE_17B6),
    ] as [(String, UInt64)])
  func mixedIsFNV1aThenMurmurFinalizer(_ text: String, _ hash: UInt64) {
    #expect(FNV1a.mixed64(text.utf8) == hash)
  }
}

@Suite struct EditDistanceTests {
  @Test(arguments: [
    ("", "", 0, 0), ("", "abc", 3, 3), ("kitten", "sitting", 3, 3), ("saturday", "sunday", 3, 3),
    ("DEPLOYMENT", "EMPLOYMENT", 2, 2), ("DEPLOYMENT", "EXPERIMENT", 5, 5), ("flaw", "lawn", 2, 2),
    ("ab", "ba", 2, 1), ("seeds", "sedes", 2, 1), ("ca", "abc", 3, 3), ("same", "same", 0, 0),
  ])
  func isLevenshteins(_ first: String, _ second: String, _ distance: Int, _ swapping: Int) {
    #expect(editDistance(first, second) == distance)
    #expect(editDistance(second, first) == distance)
    #expect(editDistance(Array(first.utf8), Array(second.utf8)) == distance)
    #expect(editDistance(first, second, countsSwaps: true) == swapping)
    #expect(editDistance(second, first, countsSwaps: true) == swapping)
  }

  /// é is two bytes and one character.
  @Test func textsAreComparedByBytesAndSequencesByElements() {
    #expect(editDistance("é", "e") == 2)
    #expect(editDistance(Array("é"), Array("e")) == 1)
  }
}
