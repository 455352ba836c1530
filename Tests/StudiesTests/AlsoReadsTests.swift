import TestSupport
import Foundation
import Studies
import Testing

/// Stages that read the product of an input's input.
@Suite struct AlsoReadsTests {
  /// Clay, a pot of it, and a measurement of the pot beside the clay.
  enum Pottery: String, Stage {
    case clay
    case pot
    case measurement

    var name: String { rawValue }
    var revision: Int { 1 }
    var inputs: [Pottery] {
      switch self {
      case .clay: []
      case .pot: [.clay]
      case .measurement: [.pot]
      }
    }
    var alsoReads: [Pottery] { self == .measurement ? [.clay] : [] }
    var identity: any Encodable { rawValue }
    var cohortKey: String { "" }
  }

  private func make(_ stages: [Pottery], _ commit: Commit<Pottery>, _ store: Store) throws {
    for stage in stages {
      for input in stage.inputs + stage.alsoReads {
        guard let product = try store.product(of: input) else {
          throw ProductDamage(folder: try store.folder(of: input).path, problem: .absent)
        }
        _ = try product.data("form")
      }
      try commit(stage) {
        try Data(stage.rawValue.utf8).write(to: $0.appendingPathComponent("form"))
      }
    }
  }

  private func run(
    _ store: Store, before: (Pottery) throws -> Void = { _ in },
    report: @escaping (RunEvent<Pottery>) -> Void = { _ in }
  ) throws -> RunOutcome {
    try Runner<Pottery>(store: store, stop: StopFlag(), capacity: { _ in 1 }, report: report)
      .run([.measurement]) {
        try before($0[0])
        try make($0, $1, store)
      }
  }

  /// The fingerprint is that of the inputs alone.
  @Test func itIsNoPartOfTheFingerprint() throws {
    let pot = try Fingerprint(of: Pottery.pot).text
    #expect(
      String(decoding: try Fingerprint.canonicalJSON(of: Pottery.measurement), as: UTF8.self)
        == #"{"identity":"measurement","inputs":["\#(pot)"],"name":"measurement","revision":1}"#)
  }

  @Test func itIsMadeAgainWhereItsReaderIs() throws {
    try withTemporaryFolder { (root: URL) throws in
      let store = Store(root: root)
      #expect(try run(store) == .completed(made: 3))
      try FileManager.default.removeItem(at: store.folder(of: Pottery.clay))
      // Nothing that is to be made reads it.
      #expect(try run(store) == .completed(made: 0))
      try FileManager.default.removeItem(at: store.folder(of: Pottery.measurement))
      #expect(try run(store) == .completed(made: 2))
    }
  }

  /// What is deleted while a run works is made again by that run, and once.
  @Test func whatIsDeletedDuringARunIsMadeAgainOnce() throws {
    try withTemporaryFolder { (root: URL) throws in
      let store = Store(root: root)
      let clay = try store.folder(of: Pottery.clay)
      var lines: [String] = []
      var deletions = 1
      func attempt() throws -> RunOutcome {
        try run(
          store,
          before: { stage in
            guard stage == .measurement, deletions > 0 else { return }
            deletions -= 1
            try FileManager.default.removeItem(at: clay)
          },
          report: {
            if case .damaged(_, let damage) = $0 { lines.append(damage.line) }
          })
      }
      let expected = "\(clay.path): missing, and another product needs it"
      #expect(try attempt() == .completed(made: 4))
      #expect(lines == [expected])
      try FileManager.default.removeItem(at: store.folder(of: Pottery.measurement))
      deletions = 2
      #expect(described { _ = try attempt() } == expected + " [65]")
      #expect(lines == [expected, expected])
      #expect(try run(store) == .completed(made: 2))
    }
  }
}
