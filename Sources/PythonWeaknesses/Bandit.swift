public import Text
public import Foundation

/// Bandit (github.com/PyCQA/bandit), a static checker of Python, as a second grader: one process
/// per batch of texts. It reads the texts and does not run them.
public struct Bandit: Sendable {
  public let program: URL
  /// The version that the program reports, such as "1.9.4".
  public let version: String

  /// A test of Bandit that fired, and Bandit's number of its weakness.
  public struct Finding: Hashable, Sendable {
    public var test: String
    public var number: Int

    public init(test: String, number: Int) {
      self.test = test
      self.number = number
    }
  }

  /// Bandit's result for one text.
  public struct Judgement: Hashable, Sendable {
    public var findings: [Finding] = []
    /// Bandit could not read the text.
    public var isInvalid = false

    public init(findings: [Finding] = []) { self.findings = findings }
  }

  /// Whether a test counts. Notes about imports (B401 to B415) and about processes without a shell
  /// (B603, B607) do not count, because sound code gets them too.
  public static func counts(_ test: String) -> Bool {
    !test.hasPrefix("B40") && !test.hasPrefix("B41") && test != "B603" && test != "B607"
  }

  /// The program at the path, or else the first `bandit` on PATH; nil if there is none on PATH.
  ///
  /// - Throws: ``BanditFault`` if the program does not run.
  public init?(path: String?) throws {
    if let path {
      // The path is relative to the folder in which the command was called, and not to the folder
      // in which Bandit runs.
      program = URL(filePath: path).absoluteURL.standardizedFileURL
    } else {
      let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      let candidates = folders.map { URL(filePath: String($0)).appending(path: "bandit") }
      guard
        let found = candidates.first(where: {
          FileManager.default.isExecutableFile(atPath: $0.path)
        })
      else { return nil }
      program = found
    }
    let folder = try Self.makeFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let output = try Self.run(program, ["--version"], in: folder, accepting: [0])
    let firstLine = String(decoding: output, as: UTF8.self).prefix { $0 != "\n" }
    guard let version = firstLine.split(separator: " ").last else {
      throw BanditFault(program: program.path, what: "names no version")
    }
    self.version = String(version)
  }

  /// Judges texts, in their order.
  ///
  /// - Throws: ``BanditFault``, and errors of writing its input.
  public func judge(_ texts: [String]) throws -> [Judgement] {
    let folder = try Self.makeFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let sources = folder.appending(path: "sources")
    try FileManager.default.createDirectory(at: sources, withIntermediateDirectories: false)
    for (index, text) in texts.enumerated() {
      try Data(text.utf8).write(to: sources.appending(path: "\(index).py"))
    }
    // Bandit's exit code is 1 if it finds anything.
    let output = try Self.run(
      program, ["-q", "-f", "json", "-r", sources.path], in: folder, accepting: [0, 1])
    guard let report = try? JSONDecoder().decode(Report.self, from: output) else {
      throw BanditFault(program: program.path, what: "wrote no report that can be read")
    }
    var judgements = [Judgement](repeating: Judgement(), count: texts.count)
    func index(_ file: String) -> Int? {
      Int(URL(filePath: file).deletingPathExtension().lastPathComponent)
        .flatMap { judgements.indices.contains($0) ? $0 : nil }
    }
    for error in report.errors {
      if let index = index(error.filename) { judgements[index].isInvalid = true }
    }
    for result in report.results where Self.counts(result.test_id) {
      if let index = index(result.filename) {
        judgements[index].findings.append(
          Finding(test: result.test_id, number: result.issue_cwe?.id ?? 0))
      }
    }
    return judgements
  }

  private struct Report: Decodable {
    struct Failure: Decodable { var filename: String }
    struct Result: Decodable {
      struct Number: Decodable { var id: Int? }
      var filename: String
      var test_id: String
      var issue_cwe: Number?
    }
    var errors: [Failure]
    var results: [Result]
  }

  private static func makeFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "dormouse-bandit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private static func run(
    _ program: URL, _ arguments: [String], in folder: URL, accepting codes: Set<Int32>
  ) throws -> Data {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    // Settings in the folder in which the command was called must not apply.
    process.currentDirectoryURL = folder
    // Files, not pipes: a full pipe would stop the program.
    let files = ["out", "err"].map { folder.appending(path: $0) }
    for file in files { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    process.standardInput = FileHandle.nullDevice
    do { try process.run() } catch {
      throw BanditFault(program: program.path, what: "cannot be run")
    }
    process.waitUntilExit()
    guard process.terminationReason == .exit, codes.contains(process.terminationStatus) else {
      let errors = (try? String(contentsOf: files[1], encoding: .utf8)) ?? ""
      let last = errors.split(separator: "\n").last.map { " (\($0))" } ?? ""
      throw BanditFault(
        program: program.path, what: "ended with \(process.terminationStatus)\(last)")
    }
    return try Data(contentsOf: files[0])
  }
}

/// The reason why Bandit gave no result.
public struct BanditFault: DescribedError, Hashable {
  public var program: String
  public var what: String

  public init(program: String, what: String) {
    self.program = program
    self.what = what
  }

  public var line: String {
    "\(program): \(what); give a working Bandit with --bandit, or leave it off the PATH"
  }

  public var exitCode: SystemExit { .unavailable }
}
