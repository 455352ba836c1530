import Files
import JSON
import Foundation
import Studies
import TestSupport
import Testing

@Suite struct StoreTests {
  static let stage = Bakery.loaf(of: .dough(flour: 3, seed: 1), heat: 180, note: nil)

  private func withProduct(_ body: (Store, URL) throws -> Void) throws {
    try withTemporaryFolder { root in
      let store = Store(root: root)
      for stage in Self.stage.inputs + [Self.stage] {
        try store.commit(stage, circumstance: Circumstance(device: ["name": "oven"], seconds: 1.5))
        {
          try stage.write(to: $0, store: store)
        }
      }
      try body(store, store.folder(of: Self.stage))
    }
  }

  private func relative(_ text: String, _ folder: URL) -> String {
    text.replacingOccurrences(of: folder.path, with: "PRODUCT")
  }

  @Test func aProductLiesUnderItsNameAndFingerprint() throws {
    try withProduct { store, folder in
      let fingerprint = try Fingerprint(of: Self.stage)
      #expect(folder.path == store.root.path + "/stages/bake-loaf-" + fingerprint.text.prefix(12))
      #expect(try store.contains(Self.stage))
      #expect(try !store.contains(Bakery.loaf(of: .dough(flour: 3, seed: 1), heat: 181, note: nil)))
      let product = try #require(try store.product(of: Self.stage))
      #expect(product.record.files.map(\.path) == ["result.txt", "samples/first/rows.bin"])
      #expect(product.record.inputs == [try Fingerprint(of: Self.stage.inputs[0])])
      #expect(product.record.circumstance.seconds == 1.5)
      #expect(product.record.circumstance.device == ["name": "oven"])
      // printf '\7%.0s' {1..40} | sha256sum
      #expect(
        product.record.files[1].digest
          == FileDigest(
            size: 40, sha256: "03691d150c12d51ad46e6372cfe65a531eafa8211bb7b3c54e21cd6df46e5599"))
      #expect(try product.data("samples/first/rows.bin") == Data(repeating: 7, count: 40))
      #expect(try product.url("result.txt").lastPathComponent == "result.txt")
    }
  }

  @Test func theRecordHoldsTheStageItself() throws {
    try withProduct { store, folder in
      let record = try #require(try store.product(of: Self.stage)).record
      let dough = try CanonicalJSON.data(of: CanonicalJSON.value(of: Self.stage.inputs[0].identity))
      let loaf = try CanonicalJSON.data(of: CanonicalJSON.value(of: Self.stage.identity))
      #expect(
        String(decoding: try CanonicalJSON.data(of: record.stage), as: UTF8.self)
          == #"{"identity":\#(String(decoding: loaf, as: UTF8.self)),"inputs":[{"identity":"#
          + #"\#(String(decoding: dough, as: UTF8.self)),"inputs":[],"name":"knead-dough","#
          + #""revision":1}],"name":"bake-loaf","revision":2}"#)
      let text = try String(
        contentsOf: folder.appendingPathComponent("record.json"), encoding: .utf8)
      #expect(
        text.hasPrefix(#"{"circumstance":{"device":{"name":"oven"},"seconds":1.5,"versions":{}}"#))
      #expect(text.contains(#","format":1,"#))
    }
  }

  /// Each line: what is done to the product, what a full check says, and what a cheap one does.
  static let damages: [(@Sendable (URL) throws -> Void, String, seenCheaply: Bool)] = [
    (
      { try FileManager.default.removeItem(at: $0.appendingPathComponent("record.json")) },
      "PRODUCT/record.json: missing, so the product is incomplete [65]", true
    ),
    (
      { try Data().write(to: $0.appendingPathComponent("record.json")) },
      "PRODUCT/record.json: not JSON: byte 1: expected a value, found the end [65]", true
    ),
    (
      { try Data("{}".utf8).write(to: $0.appendingPathComponent("record.json")) },
      "PRODUCT/record.json: not a record of a product [65]", true
    ),
    (
      { try Data(#"{"format":2}"#.utf8).write(to: $0.appendingPathComponent("record.json")) },
      "PRODUCT/record.json: format 2 is not supported; this program reads format 1 [65]", true
    ),
    (
      { try FileManager.default.removeItem(at: $0.appendingPathComponent("result.txt")) },
      "PRODUCT/result.txt: missing [65]", true
    ),
    (
      { try Data("short".utf8).write(to: $0.appendingPathComponent("samples/first/rows.bin")) },
      "PRODUCT/samples/first/rows.bin: expected 40 bytes by the record, found 5 [65]", true
    ),
    (
      {
        try Data(repeating: 8, count: 40).write(
          to: $0.appendingPathComponent("samples/first/rows.bin"))
      },
      "PRODUCT/samples/first/rows.bin: the content differs from the SHA-256 in the record [65]",
      false
    ),
    (
      { try Data().write(to: $0.appendingPathComponent("extra\u{1B}[2J.txt")) },
      "PRODUCT/extra\\x1b[2J.txt: the record does not name this file [65]", false
    ),
    (
      {
        let dough = $0.deletingLastPathComponent().appendingPathComponent(
          try FileManager.default.contentsOfDirectory(atPath: $0.deletingLastPathComponent().path)
            .first { $0.hasPrefix("knead") } ?? "")
        try Data(contentsOf: dough.appendingPathComponent("record.json"))
          .write(to: $0.appendingPathComponent("record.json"))
      },
      "PRODUCT/record.json: this record belongs to another product [65]", true
    ),
  ]

  @Test(arguments: damages.indices) func damageIsNamed(index: Int) throws {
    let (damage, expected, seenCheaply) = Self.damages[index]
    try withProduct { store, folder in
      try damage(folder)
      let message = described { try store.verify(Self.stage) }
      #expect(relative(message, folder) == expected)
      #expect(try store.contains(Self.stage) == !seenCheaply)
      var found: [String: Bool] = [:]
      try store.verifyAll { found[$0] = $1 == nil }
      #expect(found.count == 2)
      #expect(found.values.count { !$0 } == 1)
      #expect(found[folder.path] == false)
    }
  }

  @Test func everyChangedByteIsFound() throws {
    try withProduct { store, folder in
      for name in ["record.json", "result.txt", "samples/first/rows.bin"] {
        let file = folder.appendingPathComponent(name)
        let bytes = try Data(contentsOf: file)
        for index in bytes.indices {
          for change in [UInt8(1), 0x20, 0x80] {
            var changed = bytes
            changed[index] ^= change
            try changed.write(to: file)
            #expect(throws: ProductDamage.self, "\(name) byte \(index)") {
              try store.verify(Self.stage)
            }
          }
        }
        try bytes.write(to: file)
        try store.verify(Self.stage)
      }
    }
  }

  @Test func aChangedFileIsNotRead() throws {
    try withProduct { store, folder in
      let product = try #require(try store.product(of: Self.stage))
      try Data(repeating: 8, count: 40).write(
        to: folder.appendingPathComponent("samples/first/rows.bin"))
      let expected =
        "PRODUCT/samples/first/rows.bin: the content differs from the SHA-256 in the record [65]"
      let messages = [
        described { _ = try product.data("samples/first/rows.bin") },
        described { _ = try product.url("samples/first/rows.bin") },
      ]
      #expect(messages.map { relative($0, folder) } == [expected, expected])
      #expect(
        relative(described { _ = try product.data("../x") }, folder)
          == "PRODUCT/../x: the product has no such file [70]")
    }
  }

  @Test func commitsAreRefused() throws {
    try withTemporaryFolder { (root: URL) throws in
      let store = Store(root: root)
      func message(_ write: (URL) throws -> Void) -> String {
        let text = described { try store.commit(Self.stage, circumstance: .init(), write: write) }
        return "…" + (text.split(separator: "/").last ?? "")
      }
      #expect(
        message { try Data().write(to: $0.appendingPathComponent("record.json")) }
          == "…record.json: only the store writes a file of this name; give it another name [70]")
      #expect(
        message {
          try FileManager.default.createSymbolicLink(
            at: $0.appendingPathComponent("link"), withDestinationURL: URL(fileURLWithPath: "/etc"))
        } == "…link: neither a file nor a folder; a product has only files and folders [70]")
      #expect(try !store.contains(Self.stage))
      #expect(try FileManager.default.contentsOfDirectory(atPath: root.path + "/stages") == [])
    }
  }

  @Test func aProductThatIsMadeAgainMustBeEqual() throws {
    try withProduct { store, folder in
      let first = try store.verify(Self.stage)
      let again = try store.commit(Self.stage, circumstance: Circumstance(seconds: 9)) {
        try Self.stage.write(to: $0, store: store)
      }
      #expect(again == first)
      let message = described {
        try store.commit(Self.stage, circumstance: Circumstance()) {
          try Self.stage.write(to: $0, store: store)
          try Data("other".utf8).write(to: $0.appendingPathComponent("result.txt"))
        }
      }
      #expect(
        relative(message, folder)
          == "PRODUCT: made again, and result.txt has other bytes; the device gives different bytes "
          + "for equal work, or the program has a fault [70]")
      try store.verify(Self.stage)
    }
  }

  @Test func checkpointsFallBackToTheNewestThatVerifies() throws {
    try withTemporaryFolder { root in
      let store = Store(root: root)
      let stage = Bakery.dough(flour: 1, seed: 1)
      func save(_ step: Int) throws {
        try store.checkpoint([stage], step: step, circumstance: Circumstance()) {
          try Data("step \(step)".utf8).write(to: $1.appendingPathComponent("state"))
        }
      }
      #expect(try store.latestCheckpoint(of: [stage])?.step == nil)
      try save(9)
      try save(10)
      let stages = root.path + "/stages"
      #expect(try FileManager.default.contentsOfDirectory(atPath: stages).count == 1)
      #expect(try store.state(of: stage) == .absent)
      let name = try store.folder(of: stage).lastPathComponent
      #expect(try store.checkpointSteps() == [name: 10])
      // A run that died between a new checkpoint and the removal of the old one leaves both.
      let newest = try #require(try store.latestCheckpoint(of: [stage])).products[0].folder
      try FileManager.default.copyItem(atPath: newest.path, toPath: stages + "/kept")
      try save(11)
      try FileManager.default.moveItem(atPath: stages + "/kept", toPath: newest.path)
      #expect(try store.latestCheckpoint(of: [stage])?.step == 11)
      #expect(try store.checkpointSteps() == [name: 11])
      let file = try #require(try store.latestCheckpoint(of: [stage])).products[0].url("state")
      try Data("step xx".utf8).write(to: file)
      var damages: [ProductDamage] = []
      let found = try store.latestCheckpoint(of: [stage]) { damages.append($0) }
      #expect(found?.step == 10)
      #expect(try found?.products[0].data("state") == Data("step 10".utf8))
      #expect(damages.map(\.problem) == [.changed(file: "state")])
      // The damaged one has another name now.
      #expect(try store.checkpointSteps() == [name: 10])
      try store.commit(stage, circumstance: Circumstance()) {
        try stage.write(to: $0, store: store)
      }
      #expect(try store.latestCheckpoint(of: [stage])?.step == nil)
      #expect(try store.checkpointSteps().isEmpty)
      #expect(try store.contains(stage))
    }
  }

  @Test func stagesMadeTogetherGoOnFromTheNewestStepTheyShare() throws {
    try withTemporaryFolder { root in
      let store = Store(root: root)
      let stages = (1...3).map { Bakery.dough(flour: $0, seed: 1) }
      struct Died: Error {}
      func save(_ step: Int, dyingAt victim: Int? = nil) throws {
        try store.checkpoint(stages, step: step, circumstance: Circumstance()) { index, folder in
          if index == victim { throw Died() }
          try Data("\(index) at \(step)".utf8).write(to: folder.appendingPathComponent("state"))
        }
      }
      #expect(try store.latestCheckpoint(of: stages)?.step == nil)
      try save(4)
      #expect(throws: Died.self) { try save(8, dyingAt: 2) }
      let found = try #require(try store.latestCheckpoint(of: stages))
      #expect(found.step == 4)
      #expect(
        try found.products.map { try $0.data("state") }
          == (0..<3).map { Data("\($0) at 4".utf8) })
      // The first two were packed without the third.
      #expect(try store.latestCheckpoint(of: Array(stages[0..<2]))?.step == 8)
      try save(12)
      #expect(try store.latestCheckpoint(of: stages)?.step == 12)
      let folders = try FileManager.default.contentsOfDirectory(atPath: root.path + "/stages")
      #expect(folders.count == 3)
    }
  }

  @Test func whatDeadRunsLeftIsSwept() throws {
    try withProduct { store, folder in
      let left = folder.deletingLastPathComponent().appendingPathComponent(".temporary-1-1-x/a/b")
      try FileManager.default.createDirectory(at: left, withIntermediateDirectories: true)
      #expect(try store.sweep() == [".temporary-1-1-x"])
      #expect(try store.sweep() == [])
      try store.verify(Self.stage)
    }
  }

  @Test(arguments: [
    (
      FileError(.write, "out/a", code: ENOSPC),
      "out/a: cannot write: No space left on device (ENOSPC); free some space and run again [73]"
    ),
    (
      FileError(.synchronize, "out/a", code: EIO),
      "out/a: cannot flush to disk: Input/output error (EIO) [74]"
    ),
    (
      FileError(.createFolder, "out", code: EACCES),
      "out: cannot create the folder: Permission denied (EACCES) [73]"
    ),
    (
      FileError(.open, "in", code: ENOENT),
      "in: cannot open: No such file or directory (ENOENT); check the path [66]"
    ),
    (
      FileError(.open, "in", code: EACCES),
      "in: cannot open: Permission denied (EACCES); check the permissions [66]"
    ),
    (FileError(.read, "in", code: EIO), "in: cannot read: Input/output error (EIO) [74]"),
    (
      FileError(.rename, "a\n\u{1B}b", code: EROFS),
      "a\\n\\x1bb: cannot rename: Read-only file system (EROFS) [73]"
    ),
  ])
  func fileErrorsAreOneLine(error: FileError, expected: String) {
    #expect(described { throw error } == expected)
  }
}
