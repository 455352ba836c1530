import Foundation
import Statistics
import Testing

@Suite struct ProportionTests {
  // w = scipy.stats.binomtest(k, n).proportion_ci(level, "wilson"); c likewise with "exact"
  @Test(arguments: [
    (0, 64, 0.95, 0.0, 0.05662405979280534, 0.0, 0.05600908938663658),
    (0, 64, 0.8, 0.0, 0.02502003362588248, 0.0, 0.0353383800887993),
    (0, 256, 0.95, 0.0, 0.01478385642587143, 0.0, 0.014306362729038515),
    (
      3, 20, 0.95, 0.05236874589621662, 0.3604188647407569, 0.03207093718554477, 0.37892682654529564
    ),
    (
      3, 20, 0.8, 0.07467301975322672, 0.27844786562430834, 0.056417896243105864, 0.3041868114076314
    ),
    (
      250, 256, 0.95, 0.9498190043999489, 0.9892151324441424, 0.9496870965771785, 0.9913513838038861
    ),
    (256, 256, 0.95, 0.9852161435741286, 1.0, 0.9856936372709615, 1.0),
    (256, 256, 0.8, 0.9936253715295165, 1.0, 0.9910458562488614, 1.0),
    (
      5, 10000, 0.95, 0.0002135884261638257, 0.0011700259461420934, 0.0001623679341989253,
      0.001166444209071642
    ),
  ])
  func intervals(
    _ successes: Int, _ trials: Int, _ level: Double, _ wilsonLower: Double, _ wilsonUpper: Double,
    _ exactLower: Double, _ exactUpper: Double
  ) throws {
    let proportion = try Proportion(successes: successes, trials: trials)
    let wilson = try proportion.wilsonInterval(level: level)
    #expect(agrees(wilson.lower, wilsonLower, within: 1e-11))
    #expect(agrees(wilson.upper, wilsonUpper, within: 1e-12))
    #expect(wilson.kind == .wilsonOverPrompts)
    let exact = try proportion.clopperPearsonInterval(level: level)
    #expect(agrees(exact.lower, exactLower, within: 1e-11))
    #expect(agrees(exact.upper, exactUpper, within: 1e-11))
    #expect(exact.kind == .clopperPearsonOverPrompts)
    #expect(exact.level == level)
    #expect(wilson.contains(proportion.rate) && exact.contains(proportion.rate))
  }

  @Test func decodingRefusesImpossibleCounts() throws {
    let good = try JSONDecoder().decode(
      Proportion.self, from: Data(#"{"successes":3,"trials":4}"#.utf8))
    #expect(good.rate == 0.75)
    #expect(try JSONDecoder().decode(Proportion.self, from: JSONEncoder().encode(good)) == good)
    #expect(throws: StatisticsError.impossibleCount(successes: 5, trials: 4)) {
      try JSONDecoder().decode(Proportion.self, from: Data(#"{"successes":5,"trials":4}"#.utf8))
    }
  }

  @Test func everyKindHasItsOwnLabel() {
    #expect(Set(Interval.Kind.allCases.map(\.label)).count == Interval.Kind.allCases.count)
  }
}
