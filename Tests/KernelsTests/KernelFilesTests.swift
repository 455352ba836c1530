import Foundation
import Kernels
import Testing

/// The typed index of programs against the files that it stands for.
@Suite struct KernelFilesTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Kernels")
    .resolvingSymlinksInPath()

  /// Every file of kernels: its name without the ending, and its text.
  static func files() throws -> [String: String] {
    var files: [String: String] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    where path.hasSuffix(".cl") {
      let url = folder.appendingPathComponent(path)
      let name = url.deletingPathExtension().lastPathComponent
      #expect(files[name] == nil, "two files are named \(name).cl: embedded names are flat")
      files[name] = try String(contentsOf: url, encoding: .utf8)
    }
    return files
  }

  @Test func everyFileHasACaseAndEveryCaseAFile() throws {
    let names = Set(try Self.files().keys)
    #expect(names == Set(KernelProgram.allCases.map(\.rawValue)).union(Self.parts))
    #expect(KernelProgram.allCases.count == names.count - Self.parts.count)
  }

  @Test func everyFileHoldsTheOneKernelOfItsName() throws {
    for (name, text) in try Self.files() {
      let kernels = text.matches(of: /__kernel\s[^{;]*?void\s+(\w+)\s*\(/).map { String($0.1) }
      #expect(kernels == (Self.parts.contains(name) ? [] : [name]), "\(name).cl")
      #expect(
        text.matches(of: /__kernel/).count == kernels.count, "\(name).cl: a kernel was missed")
    }
  }

  /// Files without a kernel, which stand before the programs that need them.
  static let parts: Set<String> = [
    "common", "wide", "attention_blocks", "loss_gradient", "matrix_units",
  ]

  /// A program's text put together from the files.
  static func source(_ program: KernelProgram, _ files: [String: String]) throws -> String {
    var names = ["common"]
    if KernelBuildTests.ofWideItems.contains(program) { names.append("wide") }
    if program == .matmulMatrixUnits { names.append("matrix_units") }
    if program.rawValue.wholeMatch(of: /attention_(forward|gradient)\w*_local/) != nil {
      names.append("attention_blocks")
    }
    if program.rawValue.hasPrefix("token_log_probabilities") { names.append("loss_gradient") }
    let parts = try names.map { try #require(files[$0]) }
    #expect(parts.allSatisfy { $0.hasSuffix("\n") })
    return try parts.joined() + "#line 1 \"\(program.rawValue).cl\"\n"
      + #require(files[program.rawValue])
  }

  /// The embedded text is the file's, after those that it needs, and build logs count from the file's top.
  @Test func sourcesAreTheFiles() throws {
    let files = try Self.files()
    for program in KernelProgram.allCases {
      #expect(try program.source == Self.source(program, files))
      #expect(program.kernelName == program.rawValue)
    }
  }

  /// FNV-1a over every program's text in the order of the cases, computed from the files.
  @Test func digestFollowsTheFiles() throws {
    let files = try Self.files()
    let text = try KernelProgram.allCases.map { try Self.source($0, files) }.joined()
    let hash = text.utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
      ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }
    let digits = String(hash, radix: 16)
    #expect(KernelProgram.digest == String(repeating: "0", count: 16 - digits.count) + digits)
  }
}
