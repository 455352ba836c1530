import Foundation
import Statistics
import Testing

@Suite struct BoundedMeanTests {
  // The divided difference in its explicit form, in whole fractions; equal values 1e-12 apart:
  //
  // def tail(knots, q):  # P(S > q)
  //   k = [R(x) for x in knots]; q = R(q); n = len(k) - 1
  //   return sum((x - q) ** n / prod(x - y for y in k if y != x) for x in k if x > q)
  // def lower(values, lo, p):
  //   k = [R(v) for v in values.split()] + [R(lo)]; a, b = min(k), max(k)
  //   for _ in range(60):
  //     m = (a + b) / 2; a, b = (m, b) if 1 - tail(k, m) <= R(p) else (a, m)
  //   return float(a)
  // def distinct(values):
  //   return " ".join(str(R(x) - R(i, 10**12)) for i, x in enumerate(values.split()))
  // def mirrored(values): return " ".join(str(-R(x)) for x in values.split())
  // for v in ["0.91 0.97 0.88 0.99 0.95 0.70 0.83 0.96", distinct("0.5 0.5 0.9 0.9 0.9 1 1 1")]:
  //   print(lower(v, 0, "0.025"), -lower(mirrored(v), -1, "0.025"))
  @Test(arguments: [
    ([0.91, 0.97, 0.88, 0.99, 0.95, 0.70, 0.83, 0.96], 0.5636444650166901, 0.9558135953023857),
    ([0.5, 0.5, 0.9, 0.9, 0.9, 1, 1, 1], 0.5097132734932248, 0.9508766007136985),
  ])
  func againstFractions(_ values: [Double], _ lower: Double, _ upper: Double) throws {
    let interval = try boundedMeanInterval(values.reversed())
    #expect(agrees(interval.lower, lower, within: 1e-9))
    #expect(agrees(interval.upper, upper, within: 1e-9))
    #expect(interval.kind == .boundedMean && interval.level == 0.95)
  }

  @Test(arguments: [2, 5, 8]) func seedsThatAgreeGetTheExactBound(_ seeds: Int) throws {
    let bound = exactSeedBound(seeds: seeds, level: 0.975)
    for value in [0.0, 0.25, 1] {
      let interval = try boundedMeanInterval([Double](repeating: value, count: seeds))
      #expect(agrees(interval.lower, value * (1 - bound), within: 1e-12))
      #expect(agrees(interval.upper, value + (1 - value) * bound, within: 1e-12))
    }
  }

  @Test func movesWithTheRange() throws {
    let values = [0.2, 0.5, 0.55, 0.9]
    let unit = try boundedMeanInterval(values)
    let wide = try boundedMeanInterval(values.map { 2 * $0 - 1 }, range: -1...1)
    #expect(abs(wide.lower - (2 * unit.lower - 1)) < 1e-12)
    #expect(abs(wide.upper - (2 * unit.upper - 1)) < 1e-12)
  }

  // Rates of which one seed in ten is 0 and the others 1: t is blind to the seeds not drawn.
  @Test(arguments: [5, 8]) func coversWhereStudentTDoesNot(_ seeds: Int) throws {
    var generator = TestGenerator(seed: UInt64(seeds))
    let draws = 4000
    var bounded = 0
    var student = 0
    for _ in 0..<draws {
      let values = (0..<seeds).map { _ in
        generator.uniform() < 0.1 ? 0 : 0.98 + 0.02 * generator.uniform()
      }
      let mean = 0.9 * 0.99
      if try boundedMeanInterval(values).contains(mean) { bounded += 1 }
      if try #require(seedLevelEstimate(values).interval).contains(mean) { student += 1 }
    }
    #expect(Double(bounded) / Double(draws) >= 0.95)
    #expect(Double(student) / Double(draws) < 0.7)
  }
}
