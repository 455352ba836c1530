import Files
import Foundation
import Studies
import TestSupport
import Testing

@Suite struct OutputFolderTests {
  static let here = ["device": "oven", "driver": "1"]

  private func open(
    _ url: URL, study: String = "bread", document: String = "version: 1\n",
    circumstance: [String: String] = here, mixing: Bool = false,
    files: any FileOperations = FaultyFiles()
  ) throws -> OutputFolder {
    try OutputFolder(
      at: url, study: study, document: Data(document.utf8), documentName: "study.yaml",
      circumstance: circumstance, mixing: mixing, files: files)
  }

  private func names(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  /// The one line with the folder's path as `OUT`.
  private func message(_ folder: URL, _ body: () throws -> Void) -> String {
    described(body).replacingOccurrences(of: folder.path, with: "OUT")
  }

  @Test func isMadeAndGoneOnWith() throws {
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("runs/bread")
      let path = folder.appendingPathComponent("output.json").path
      do {
        let output = try open(folder)
        #expect(try names(folder) == ["lock", "output.json", "study.yaml"])
        #expect(output.description.circumstances == [Self.here])
        #expect(output.store.root == folder)
      }
      let expected =
        #"{"circumstances":[{"device":"oven","driver":"1"}],"format":1,"study":"bread"}"# + "\n"
      #expect(try String(contentsOfFile: path, encoding: .utf8) == expected)
      _ = try open(folder, document: "version: 1\nseeds: 9\n")
      #expect(try String(contentsOfFile: path, encoding: .utf8) == expected)
      let copy = folder.appendingPathComponent("study.yaml").path
      #expect(try String(contentsOfFile: copy, encoding: .utf8) == "version: 1\nseeds: 9\n")
      #expect(try OutputFolder.description(at: folder).study == "bread")
    }
  }

  @Test func othersAreRefused() throws {
    try withTemporaryFolder { (root: URL) throws in
      let strangers = root.appendingPathComponent("photos")
      try FileManager.default.createDirectory(at: strangers, withIntermediateDirectories: true)
      try Data().write(to: strangers.appendingPathComponent("cat.jpg"))
      #expect(
        message(strangers) { _ = try open(strangers) }
          == "OUT: not empty and not an output of this program; name another folder [65]")
      #expect(try names(strangers) == ["cat.jpg"])
      #expect(
        message(strangers) { _ = try OutputFolder.description(at: strangers) }
          == "OUT: no run is there; name the folder that a run wrote to [66]")

      let ours = root.appendingPathComponent("ours")
      _ = try open(ours)
      #expect(
        message(ours) { _ = try open(ours, study: "cake") }
          == #"OUT: belongs to the study "bread", not to "cake"; name another folder [65]"#)
      for (text, expected) in [
        ("", "OUT/output.json: byte 1: expected a value, found the end [65]"),
        ("[]", "OUT/output.json: not a description of an output folder [65]"),
        (
          #"{"format":2,"study":"bread","circumstances":[]}"#,
          "OUT/output.json: format 2, and this version reads format 1 [65]"
        ),
      ] {
        try Data(text.utf8).write(to: ours.appendingPathComponent("output.json"))
        #expect(message(ours) { _ = try open(ours) } == expected)
      }
    }
  }

  @Test func otherCircumstancesAreRefusedUnlessAllowed() throws {
    try withTemporaryFolder { (root: URL) throws in
      _ = try open(root)
      let there = ["device": "stove", "kernels": "ab"]
      #expect(
        message(root) { _ = try open(root, circumstance: there) }
          == #"OUT: was made under other circumstances (device: "oven" then, "stove" now; "#
          + #"driver: "1" then, absent now; kernels: absent then, "ab" now); "#
          + "name another folder, or go on with --mix-devices [65]")
      #expect(
        try open(root, circumstance: there, mixing: true).description.circumstances
          == [Self.here, there])
      // Both are recorded now, so that the report says so; neither has to be asked for again.
      #expect(try open(root).description.circumstances == [Self.here, there])
      #expect(try open(root, circumstance: there).description.circumstances == [Self.here, there])
    }
  }

  @Test func oneRunAtATime() throws {
    try withTemporaryFolder { (root: URL) throws in
      let held = try open(root)
      let host = ProcessInfo.processInfo.hostName
      let process = ProcessInfo.processInfo.processIdentifier
      #expect(
        message(root) { _ = try open(root) }
          == "OUT: in use by process \(process) on \(host); wait for it to end, or stop it [73]")
      withExtendedLifetime(held) {}
    }
  }

  @Test func theLockIsFreeAfterItsHolder() throws {
    try withTemporaryFolder { root in
      for _ in 0..<50 { _ = try open(root) }
    }
  }

  @Test func leftoversAreSweptAtTheStart() throws {
    try withTemporaryFolder { root in
      _ = try open(root)
      let left = root.appendingPathComponent("stages/.temporary-1-1-x/y")
      try FileManager.default.createDirectory(at: left, withIntermediateDirectories: true)
      _ = try open(root)
      #expect(try names(root.appendingPathComponent("stages")) == [])
    }
  }

  /// Killed, or the power cut, at every operation of the first start and of one that adds a
  /// circumstance: the same command again always goes on.
  @Test(arguments: FaultyFiles.Loss.allCases) func anyStartMayBeCutShort(
    loss: FaultyFiles.Loss
  ) throws {
    for number in 1...60 {
      try withTemporaryFolder { root in
        let folder = root.appendingPathComponent("out")
        let files = FaultyFiles(.kill(before: number))
        let isDone = (try? open(folder, files: files)) != nil
        try files.cutPower(root, loss)
        if isDone { #expect(try OutputFolder.description(at: folder).study == "bread") }
        _ = try open(folder)
        let more = FaultyFiles(.kill(before: number))
        _ = try? open(folder, circumstance: ["device": "stove"], mixing: true, files: more)
        #expect(try open(folder).description.circumstances.first == Self.here, "\(number)")
      }
    }
  }
}
