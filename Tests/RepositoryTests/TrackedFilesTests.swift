import Foundation
import Testing

/// Rules for the files that git tracks.
@Suite struct TrackedFilesTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The tracked paths relative to the root; nil where the sources are not a git checkout or there
  /// is no git.
  private static let tracked: [String]? = {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["git", "-C", root.path, "ls-files", "-z"]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = (try? output.fileHandleForReading.readToEnd()) ?? nil
    process.waitUntilExit()
    guard process.terminationStatus == 0, let data else { return nil }
    return data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
  }()

  /// Endings of archives, packages and compiled code.
  private static let refused: Set<String> = [
    "7z", "a", "bz2", "class", "dll", "dylib", "egg", "exe", "gz", "jar", "lib", "o", "obj", "pyc",
    "rar", "so", "spv", "swiftmodule", "tar", "tgz", "whl", "xz", "zip", "zst",
  ]

  /// The most bytes of one file: 5 MB.
  private static let sizeLimit = 5_000_000

  /// The ending of a name, `so` of `libx.so.1` too; nil where the file may be tracked.
  ///
  /// Tables of measurements under Results/ are compressed; they are data and not archives.
  private static func refusedEnding(_ path: String) -> String? {
    if path.hasPrefix("Results/"), path.hasSuffix(".csv.gz") || path.hasSuffix(".csv.xz") {
      return nil
    }
    let endings = (path as NSString).lastPathComponent.lowercased().split(separator: ".")
      .dropFirst()
    return endings.map(String.init).first { refused.contains($0) }
  }

  @Test(.enabled(if: tracked != nil, "the sources are not a git checkout, or there is no git"))
  func noneIsAnArchiveOrCompiledCodeOrLarge() throws {
    let paths = try #require(Self.tracked)
    #expect(paths.contains("Package.swift"))
    for path in paths {
      #expect(Self.refusedEnding(path) == nil, "\(path)")
      // A file that was removed but not yet committed is still tracked.
      guard
        let values = try? FileManager.default.attributesOfItem(
          atPath: Self.root.appending(path: path).path), let size = values[.size] as? Int
      else { continue }
      #expect(size <= Self.sizeLimit, "\(path): \(size) bytes")
    }
  }

  @Test(arguments: [
    ("bandit-1.9.4-py3-none-any.whl", "whl"), ("lib/libx.so.1", "so"), ("a/b.TAR.gz", "tar"),
    ("Results/code/raw.tar.xz", "tar"), ("Tests/x.csv.gz", "gz"), ("Results/code/x.csv.gz", nil),
    ("Package.swift", nil), ("so", nil), (".gitignore", nil), ("Scripts/setup", nil),
  ])
  func endingsAreTold(_ path: String, _ ending: String?) {
    #expect(Self.refusedEnding(path) == ending)
  }
}
