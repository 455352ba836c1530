public import Foundation
public import Testing

extension Trait where Self == ConditionTrait {
  /// Enables a test where Python can import the modules that it compares with.
  ///
  /// `DORMOUSE_PEERS=1 Scripts/test` installs them. Where that says that they are installed, a test
  /// that misses one runs and fails instead of being skipped.
  public static func comparesWith(_ modules: String...) -> Self {
    .enabled(
      if: PythonInterpreter.mustHavePeers || PythonInterpreter.has(modules),
      "Python has no \(modules.joined(separator: " or ")); run DORMOUSE_PEERS=1 Scripts/test")
  }
}

/// The `python3` of the machine, or the interpreter that DORMOUSE_PYTHON names, for holding files
/// against the libraries that others read them with.
public enum PythonInterpreter {
  public struct Failure: Error {
    public var status: Int32
    public var text: String
  }

  /// Whether the libraries to compare with have been installed for these tests.
  public static var mustHavePeers: Bool {
    ProcessInfo.processInfo.environment["DORMOUSE_PEERS"] == "1"
  }

  /// Whether every module can be imported.
  static func has(_ modules: [String]) -> Bool {
    let names = modules.map { "'\($0)'" }.joined(separator: ",")
    return
      (try? run(
        "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(m) is None "
          + "for m in [\(names)]))")) != nil
  }

  /// Runs a program and gives back what it printed.
  @discardableResult
  public static func run(_ program: String, _ arguments: String...) throws -> Data {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let python = ProcessInfo.processInfo.environment["DORMOUSE_PYTHON"] ?? "python3"
    process.arguments = [python, "-c", program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging([
      "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONIOENCODING": "utf-8",
    ]) { _, new in new }
    let (output, errors) = (Pipe(), FileManager.default.temporaryDirectory)
    let log = errors.appending(path: UUID().uuidString)
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: log) }
    process.standardOutput = output
    process.standardError = try FileHandle(forWritingTo: log)
    try process.run()
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        status: process.terminationStatus,
        text: (try? String(contentsOf: log, encoding: .utf8)) ?? "")
    }
    return data
  }
}

/// A new folder that is removed with this value.
public final class ScratchFolder {
  public let url: URL

  public init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "dormouse-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

/// SplitMix64 (Steele et al. 2014): the same numbers in every run.
public struct SplitMix64: RandomNumberGenerator {
  public var state: UInt64

  public init(state: UInt64) { self.state = state }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
