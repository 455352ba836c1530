import Reports
import Testing

@Suite struct NumberTextTests {
  // Python 3: f"{x:.2e}", f"{x:.{d}f}" for the digits; the choice between the two is ours.
  @Test(
    arguments: [
      (0, "0"), (1, "1.00"), (12.345, "12.3"), (123.456, "123"), (999.9, "1000"),
      (0.00123456, "0.00123"),
      (0.000012345, "1.23e-5"), (1_234_567, "1.23e6"), (-0.5, "-0.500"), (9.999, "10.0"),
      (.nan, "n/a"), (.infinity, "inf"), (-.infinity, "-inf"),
      (.leastNonzeroMagnitude, "4.94e-324"),
      (1.7976931348623157e308, "1.80e308"),
    ] as [(Double, String)])
  func significant(_ value: Double, _ expected: String) {
    #expect(NumberText.significant(value) == expected)
  }

  @Test(
    arguments: [
      (0.973, "97.3%"), (0, "0.0%"), (1, "100.0%"), (0.9999, ">99.9%"), (0.0001, "<0.1%"),
      (255.0 / 256, "99.6%"), (0.99951, ">99.9%"), (-0.031, "-3.1%"), (1.2, "120.0%"),
      (.nan, "n/a"),
      (.infinity, "n/a"),
    ] as [(Double, String)])
  func percent(_ value: Double, _ expected: String) {
    #expect(NumberText.percent(value) == expected)
  }

  @Test func rates() {
    #expect(
      NumberText.rate(0.973, lower: 0.951, upper: 0.986, count: 256)
        == "97.3% [95.1, 98.6], n = 256")
    #expect(NumberText.rate(0.5) == "50.0%")
    #expect(
      NumberText.rate(0, lower: 0, upper: 0.0118, count: 2048) == "0.0% [0.0, 1.2], n = 2,048")
    #expect(NumberText.rate(0.5, lower: .nan, upper: 1) == "50.0%")
    #expect(NumberText.rate(0.5, lower: 0.25, upper: 0.75, decimals: 0) == "50% [25, 75]")
    #expect(NumberText.interval(12.34, lower: 10.05, upper: 15) == "12.3 [10.1, 15.0]")
  }

  @Test(
    arguments: [
      (0, "0"), (7, "7"), (1.5, "1.5"), (999, "999"), (999.6, "1k"), (1000, "1k"), (1234, "1.2k"),
      (9949, "9.9k"), (9951, "10k"), (35_400, "35k"), (999_499, "999k"), (999_950, "1M"),
      (1_234_567, "1.2M"), (3.4e9, "3.4B"), (5e12, "5T"), (1.5e18, "1.5e18"), (-1200, "-1.2k"),
      (.nan, "n/a"),
    ] as [(Double, String)])
  func count(_ value: Double, _ expected: String) {
    #expect(NumberText.count(value) == expected)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-1234567, "-1,234,567"),
    (Int.max, "9,223,372,036,854,775,807"),
    (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func grouped(_ value: Int, _ expected: String) {
    #expect(NumberText.grouped(value) == expected)
  }

  @Test(
    arguments: [
      (0, "0 ms"), (0.85, "850 ms"), (0.9996, "1.0 s"), (4.24, "4.2 s"), (9.96, "10 s"),
      (59.4, "59 s"),
      (59.6, "1 min 00 s"), (135, "2 min 15 s"), (3599.6, "1 h 00 min"), (11_040, "3 h 04 min"),
      (86_399, "1 d 0 h"), (183_600, "2 d 3 h"), (-5, "-5.0 s"), (.nan, "n/a"), (.infinity, "inf"),
      (1e30, "1.00e30 s"),
    ] as [(Double, String)])
  func duration(_ seconds: Double, _ expected: String) {
    #expect(NumberText.duration(seconds) == expected)
  }

  @Test(arguments: [
    (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1_048_575, "1 MiB"),
    (25_769_803_776, "24 GiB"), (Int.max, "8 EiB"), (Int.min, "-8 EiB"),
  ])
  func bytes(_ value: Int, _ expected: String) {
    #expect(NumberText.bytes(value) == expected)
  }

  @Test(
    arguments: [
      (3, "3"), (-0.0, "0"), (0.1, "0.1"), (1e-7, "1e-07"), (1e20, "1e+20"), (.nan, ""),
      (.infinity, ""),
      (2.0 / 3, "0.6666666666666666"),
    ] as [(Double, String)])
  func exactReadsBack(_ value: Double, _ expected: String) {
    #expect(NumberText.exact(value) == expected)
    if value.isFinite { #expect(Double(NumberText.exact(value)) == value) }
  }

  @Test func zeroHasNoSign() {
    #expect(NumberText.fixed(-0.0004, decimals: 2) == "0.00")
    #expect(NumberText.fixed(-0.006, decimals: 2) == "-0.01")
    #expect(NumberStyle.integer.text(-0.2) == "0")
    #expect(NumberStyle.integer.text(1e300) == "1.00e300")
  }
}
