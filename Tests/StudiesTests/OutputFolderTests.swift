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
          == "OUT: the folder has files of other programs; name another folder [65]")
      #expect(try names(strangers) == ["cat.jpg"])
      #expect(
        message(strangers) { _ = try OutputFolder.description(at: strangers) }
          == "OUT: no run in this folder; name the output folder of a run [66]")

      let ours = root.appendingPathComponent("ours")
      _ = try open(ours)
      #expect(
        message(ours) { _ = try open(ours, study: "cake") }
          == #"OUT: belongs to the study "bread", not to "cake"; name another folder [65]"#)
      for (text, expected) in [
        (
          "",
          "OUT/output.json: byte 1: expected a value, found the end; delete the file, and the next run writes it again [65]"
        ),
        (
          "[]",
          "OUT/output.json: not the description of an output folder; delete the file, and the next run writes it again [65]"
        ),
        (
          #"{"format":2,"study":"bread","circumstances":[]}"#,
          "OUT/output.json: format 2 is not supported; this program reads format 1 [65]"
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
          == #"OUT: the products were made on another device or driver (device: "oven" before, "stove" now; "#
          + #"driver: "1" before, none now; and 1 more); "#
          + "name another folder, or add --mix-devices to mix products of both [65]")
      #expect(
        try open(root, circumstance: there, mixing: true).description.circumstances
          == [Self.here, there])
      // Both are recorded now, so that the report says so; neither has to be asked for again.
      #expect(try open(root).description.circumstances == [Self.here, there])
      #expect(try open(root, circumstance: there).description.circumstances == [Self.here, there])
    }
  }

  /// A plain file, also behind a link, has the name of the folder.
  @Test func aFileIsRefused() throws {
    try withTemporaryFolder { (root: URL) throws in
      let file = root.appendingPathComponent("notes.txt")
      try Data("precious".utf8).write(to: file)
      let link = root.appendingPathComponent("link")
      try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
      for url in [file, link] {
        // The link or the file itself, and not what is behind it, is named.
        #expect(
          described {
            _ = try OutputFolder(
              at: url, study: "bread", document: Data(), documentName: "study.yaml",
              circumstance: Self.here)
          }
            == "\(url.path): a file and not a folder; name a folder [73]")
      }
      #expect(try String(contentsOf: file, encoding: .utf8) == "precious")
    }
  }

  /// What `init` would refuse, without a lock or a change.
  @Test func aCheckChangesNothing() throws {
    try withTemporaryFolder { (root: URL) throws in
      let missing = root.appendingPathComponent("missing")
      try OutputFolder.check(missing, study: "bread", circumstance: Self.here)
      #expect(try names(root) == [])
      let ours = root.appendingPathComponent("ours")
      let held = try open(ours)
      let before = try names(ours)
      try OutputFolder.check(ours, study: "bread", circumstance: Self.here)
      #expect(
        message(ours) { try OutputFolder.check(ours, study: "cake", circumstance: Self.here) }
          == #"OUT: belongs to the study "bread", not to "cake"; name another folder [65]"#)
      let there = ["device": "stove", "driver": "1"]
      #expect(
        message(ours) { try OutputFolder.check(ours, study: "bread", circumstance: there) }
          == #"OUT: the products were made on another device or driver (device: "oven" before, "stove" now); "#
          + "name another folder, or add --mix-devices to mix products of both [65]")
      #expect(try names(ours) == before)
      #expect(try OutputFolder.description(at: ours).circumstances == [Self.here])
      withExtendedLifetime(held) {}
    }
  }

  /// The records of the products say what the description said.
  @Test func aDeletedDescriptionIsRecovered() throws {
    try withTemporaryFolder { (root: URL) throws in
      let stage = Bakery.dough(flour: 3, seed: 1)
      do {
        let output = try open(root)
        let circumstance = Circumstance(device: Self.here.merging(["tuning": "7"]) { $1 })
        try output.store.commit(stage, circumstance: circumstance) {
          try stage.write(to: $0, store: output.store)
        }
      }
      try FileManager.default.removeItem(at: root.appendingPathComponent("output.json"))
      let there = ["device": "stove", "driver": "1"]
      #expect(
        message(root) { _ = try open(root, circumstance: there) }
          == #"OUT: the products were made on another device or driver (device: "oven" before, "stove" now); "#
          + "name another folder, or add --mix-devices to mix products of both [65]")
      #expect(
        try open(root, circumstance: there, mixing: true).description.circumstances
          == [Self.here, there])
      #expect(try OutputFolder.description(at: root).circumstances == [Self.here, there])
    }
  }

  @Test func oneRunAtATime() throws {
    try withTemporaryFolder { (root: URL) throws in
      let held = try open(root)
      let host = ProcessInfo.processInfo.hostName
      let process = ProcessInfo.processInfo.processIdentifier
      #expect(
        message(root) { _ = try open(root) }
          == "OUT: process \(process) on \(host) uses the folder; wait for its end, or stop it [73]"
      )
      withExtendedLifetime(held) {}
    }
  }

  /// A link, a pipe or a folder of the lock's name is neither followed nor waited for.
  @Test(arguments: ["link", "pipe", "folder"]) func aLockThatIsNoFileIsRefused(_ kind: String)
    throws
  {
    try withTemporaryFolder { (root: URL) throws in
      let folder = root.appendingPathComponent("bread")
      _ = try open(folder)
      let lock = folder.appendingPathComponent("lock")
      let other = root.appendingPathComponent("other")
      try Data("precious".utf8).write(to: other)
      try FileManager.default.removeItem(at: lock)
      switch kind {
      case "link":
        try FileManager.default.createSymbolicLink(at: lock, withDestinationURL: other)
      case "pipe": #expect(mkfifo(lock.path, 0o600) == 0)
      default: try FileManager.default.createDirectory(at: lock, withIntermediateDirectories: false)
      }
      #expect(OutputFolder.holder(of: folder) == nil)
      #expect(
        message(folder) { _ = try open(folder) }
          == "OUT/lock: not a regular file; remove it, then run the same command again [73]")
      #expect(try String(contentsOf: other, encoding: .utf8) == "precious")
    }
  }

  /// A copy of an output folder by hard links has the lock's file too.
  @Test func aFileWithASecondNameIsNotChanged() throws {
    try withTemporaryFolder { (root: URL) throws in
      let folder = root.appendingPathComponent("bread")
      _ = try open(folder)
      let lock = folder.appendingPathComponent("lock")
      let other = root.appendingPathComponent("other")
      try Data("precious".utf8).write(to: other)
      try FileManager.default.removeItem(at: lock)
      try FileManager.default.linkItem(at: other, to: lock)
      let held = try open(folder)
      #expect(try String(contentsOf: other, encoding: .utf8) == "precious")
      #expect(
        message(folder) { _ = try open(folder) }
          == "OUT: process precious on an unknown host uses the folder; wait for its end, or stop it [73]"
      )
      withExtendedLifetime(held) {}
    }
  }

  static let movedLine =
    "OUT: the folder or the file lock in it was moved or deleted during the run; move it back, "
    + "then run the same command again [73]"

  /// Nothing is written where the folder was.
  @Test(arguments: ["moved", "deleted", "unlocked", "locked by another"])
  func aFolderThatIsGoneIsWrittenToNoMore(_ loss: String) throws {
    try withTemporaryFolder { (root: URL) throws in
      let folder = root.appendingPathComponent("bread")
      let output = try open(folder)
      let stage = Bakery.dough(flour: 3, seed: 1)
      func commit(_ store: Store, _ stage: Bakery) throws {
        try store.commit(stage, circumstance: Circumstance()) {
          try stage.write(to: $0, store: store)
        }
      }
      try commit(output.store, stage)
      var successor: OutputFolder?
      switch loss {
      case "moved":
        try FileManager.default.moveItem(at: folder, to: root.appendingPathComponent("moved"))
      case "deleted": try FileManager.default.removeItem(at: folder)
      default:
        try FileManager.default.removeItem(at: folder.appendingPathComponent("lock"))
        if loss == "locked by another" { successor = try open(folder) }
      }
      let before = try? names(folder.appendingPathComponent("stages"))
      #expect(
        message(folder) { try commit(output.store, .dough(flour: 3, seed: 2)) } == Self.movedLine)
      #expect(
        message(folder) {
          _ = try Runner<Bakery>(store: output.store, stop: StopFlag(), capacity: { _ in 1 })
            .run(Bakery.grid) { stages, commit in
              try commit(stages[0]) { try stages[0].write(to: $0, store: output.store) }
            }
        } == Self.movedLine)
      #expect((try? names(folder.appendingPathComponent("stages"))) == before)
      #expect(
        FileManager.default.fileExists(atPath: folder.path)
          == (loss != "moved" && loss != "deleted"))
      if loss == "moved" {
        try FileManager.default.moveItem(at: root.appendingPathComponent("moved"), to: folder)
        try commit(output.store, .dough(flour: 3, seed: 2))
      }
      withExtendedLifetime(successor) {}
    }
  }

  /// What fails in a folder that was moved in the middle of a cohort has that cause.
  @Test func aFolderMovedInTheMiddleOfACohortIsNamed() throws {
    try withTemporaryFolder { (root: URL) throws in
      let folder = root.appendingPathComponent("bread")
      let output = try open(folder)
      let runner = Runner<Bakery>(store: output.store, stop: StopFlag(), capacity: { _ in 1 })
      #expect(
        message(folder) {
          _ = try runner.run(Bakery.grid) { stages, commit in
            try commit(stages[0]) {
              try stages[0].write(to: $0, store: output.store)
              try FileManager.default.moveItem(at: folder, to: root.appendingPathComponent("moved"))
            }
          }
        } == Self.movedLine)
      #expect(try names(root) == ["moved"])
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
