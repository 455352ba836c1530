import Foundation
import Reports
import TestSupport
import Testing

/// What `run` shows on terminals of several widths, through a pseudo-terminal.
@Suite(.serialized) struct TerminalTests {
  /// Runs the smoke study in a folder of its own and returns what went to the terminal, and to standard
  /// output.
  private func smoke(
    columns: Int, device: String, environment: [String: String] = [:],
    check: (URL) throws -> Void = { _ in }
  ) throws -> (terminal: String, output: String) {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "dormouse-\(UInt64.random(in: .min ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let process = Process()
    let program: URL = try #require(
      CommandLineTests.program, "the dormouse program is not built")
    process.executableURL = program
    process.arguments = ["run", "smoke", "--seeds", "1", "--device", device]
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment
      .merging(["TERM": "xterm", "DORMOUSE_CACHE": folder.path + "/cache"]) { $1 }
      .merging(environment) { $1 }
    let output = folder.appending(path: "output")
    try Data().write(to: output)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardInput = FileHandle.nullDevice
    let text = try PseudoTerminal(columns: columns).output(of: process)
    #expect(process.terminationStatus == 0)
    try check(folder)
    return (text, try String(contentsOf: output, encoding: .utf8))
  }

  private func screen(_ text: String, columns: Int) -> TerminalScreen {
    TerminalScreen(text, columns: columns) { TerminalText.columns(of: String($0)) }
  }

  /// The texts that replaced one another in place.
  private func refreshes(_ text: String) -> [String] {
    text.components(separatedBy: "\r\u{1b}[2K").dropFirst().map {
      String($0.prefix { $0 != "\r\n" && $0 != "\n" && $0 != "\r" })
    }
  }

  @Test(arguments: [40, 80, 120])
  func theLiveLineFitsAndLeavesNothing(_ columns: Int) throws {
    let (text, output) = try smoke(columns: columns, device: "cpu")
    let live = refreshes(text).filter { $0.contains("steps") || $0.contains("%") }
    #expect(live.count >= 5, "\(text)")
    for line in live {
      #expect(TerminalText.columns(of: line) < columns, "\(line)")
    }
    let screen = screen(text, columns: columns)
    // Nothing wrapped but a path that has no space to break at.
    #expect(
      !screen.rows.contains { $0.contains("█") || $0.contains("tokens/s") || $0.contains("left") })
    #expect(screen.rows.contains { $0.hasPrefix("[1/") })
    for row in screen.rows where row.hasPrefix("[") {
      #expect(row.contains(" × ") || row.contains("train-") || row.contains("evaluate"), "\(row)")
    }
    // A cohort that measures no triggered rate shows none.
    for line in live where line.contains("base models") {
      #expect(!line.contains("triggered"), "\(line)")
    }
    for line in live where line.contains("twins") {
      #expect(!line.contains("triggered"), "\(line)")
    }
    #expect(output.hasSuffix("report.html\n"))
  }

  /// A terminal that understands nothing gets lines, as a file does.
  @Test func aDumbTerminalGetsPlainLines() throws {
    let (text, _) = try smoke(columns: 80, device: "cpu", environment: ["TERM": "dumb"])
    #expect(!text.contains("\u{1b}"))
    #expect(!text.contains("█"))
  }

  static let hasOpenCL = !openCLDevices.isEmpty

  /// Kernels are compiled in a stage of their own, all of them and no other, and a compiler's remarks do
  /// not reach the terminal.
  @Test(.enabled(if: hasOpenCL)) func kernelsAreCompiledFirstAndCounted() throws {
    var kept = 0
    let (text, _) = try smoke(columns: 80, device: "auto") { folder in
      kept = try FileManager.default.contentsOfDirectory(
        atPath: folder.path + "/cache/programs"
      ).count
    }
    #expect(!text.contains("generated."))
    #expect(!text.contains("warning"))
    let lines = refreshes(text)
    #expect(
      lines.contains("compiling kernels 1 of \(kept), first run only"),
      "\(kept): \(lines.prefix(3))")
    let end = try #require(text.range(of: "\(kept) kernels compiled in "))
    let first = try #require(text.range(of: "[1/"))
    #expect(end.upperBound < first.lowerBound)
  }
}
