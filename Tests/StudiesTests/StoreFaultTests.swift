import Files
import Foundation
import Studies
import TestSupport
import Testing

/// The commit protocol with a fault at every one of its operations in turn, after SQLite's loops.
@Suite struct StoreFaultTests {
  static let stage = Bakery.dough(flour: 3, seed: 1)
  static let circumstance = Circumstance(device: ["name": "oven"], seconds: 2)

  private func commit(_ store: Store) throws {
    try store.commit(Self.stage, circumstance: Self.circumstance) {
      try Self.stage.write(to: $0, store: store)
    }
  }

  /// After a fault: absent, or complete to the last byte; and a second try ends with `expected`.
  private func check(_ root: URL, _ expected: [String: Data], _ label: String) throws {
    let store = Store(root: root, files: FaultyFiles())
    switch try store.state(of: Self.stage) {
    case .absent: break
    case .complete: #expect(throws: Never.self, "\(label)") { try store.verify(Self.stage) }
    case .damaged(let damage): Issue.record("\(label): \(damage.line)")
    }
    try store.sweep()
    try commit(store)
    #expect(try productBytes(root) == expected, "\(label)")
    let left = try FileManager.default.contentsOfDirectory(atPath: root.path + "/stages")
    #expect(left == [try store.folder(of: Self.stage).lastPathComponent], "\(label)")
  }

  private func expectedBytes() throws -> ([String: Data], operations: Int) {
    try withTemporaryFolder { root in
      let files = FaultyFiles()
      try commit(Store(root: root, files: files))
      return (try productBytes(root), files.count)
    }
  }

  @Test(arguments: [ENOSPC, EIO]) func everyOperationMayFail(code: Int32) throws {
    let (expected, operations) = try expectedBytes()
    #expect(operations > 20)
    for number in 1...operations {
      for fault in [
        FaultyFiles.Fault.once(at: number, code: code), .forever(from: number, code: code),
      ] {
        try withTemporaryFolder { root in
          let files = FaultyFiles(fault)
          do {
            try commit(Store(root: root, files: files))
            // Only what comes after the product is in place may fail unnoticed.
            #expect(try Store(root: root).contains(Self.stage), "\(fault)")
          } catch let error as FileError {
            #expect(error.code == code, "\(fault)")
            if case .once = fault {
              #expect(try Store(root: root).state(of: Self.stage) == .absent, "\(fault)")
            }
          }
          try check(root, expected, "\(fault)")
        }
      }
    }
  }

  @Test func theProcessMayEndAtEveryOperation() throws {
    let (expected, operations) = try expectedBytes()
    for number in 1...operations {
      try withTemporaryFolder { root in
        do {
          try commit(Store(root: root, files: FaultyFiles(.kill(before: number))))
          #expect(try Store(root: root).contains(Self.stage))
        } catch is Killed {}
        try check(root, expected, "kill before \(number)")
      }
    }
  }

  /// States after a power cut: at every operation, five ways to lose what was not flushed.
  private func violations(flushesNothing: Bool) throws -> (states: Int, violations: Int) {
    let (expected, operations) = try expectedBytes()
    var states = 0
    var violations = 0
    for number in 1...(operations + 1) {
      for loss in FaultyFiles.Loss.allCases {
        try withTemporaryFolder { root in
          let files = FaultyFiles(.kill(before: number), flushesNothing: flushesNothing)
          let finished = (try? commit(Store(root: root, files: files))) != nil
          try files.cutPower(root, loss)
          states += 1
          let state = try Store(root: root).state(of: Self.stage)
          let lost = finished && state == .absent
          if case .damaged = state { violations += 1 } else if lost { violations += 1 }
          if !flushesNothing { try check(root, expected, "cut before \(number), \(loss)") }
        }
      }
    }
    return (states, violations)
  }

  @Test func thePowerMayFailAtEveryOperation() throws {
    let (states, violations) = try violations(flushesNothing: false)
    #expect(states > 125)
    #expect(violations == 0)
  }

  @Test func theModelOfPowerCutsCatchesAProtocolThatDoesNotFlush() throws {
    #expect(try violations(flushesNothing: true).violations > 0)
  }

  @Test func aFailedFlushIsNotRetried() throws {
    let operations = try expectedBytes().operations
    for number in 1...operations {
      try withTemporaryFolder { root in
        let files = FaultyFiles(.once(at: number, code: EIO))
        do {
          try commit(Store(root: root, files: files))
        } catch let error as FileError where error.operation == .synchronize {
          #expect(files.flushCalls.count { $0 == error.path } == 1, "\(error.path)")
        } catch is FileError {}
      }
    }
  }

  @Test func aDamagedProductIsReplacedWhateverFails() throws {
    let (expected, _) = try expectedBytes()
    for number in 1...60 {
      try withTemporaryFolder { root in
        try commit(Store(root: root, files: FaultyFiles()))
        let file = try Store(root: root).folder(of: Self.stage).appendingPathComponent("result.txt")
        try Data("cut".utf8).write(to: file)
        try? commit(Store(root: root, files: FaultyFiles(.kill(before: number))))
        let store = Store(root: root, files: FaultyFiles())
        try store.sweep()
        try commit(store)
        try store.verify(Self.stage)
        #expect(try productBytes(root).filter { !$0.key.contains(".damaged") } == expected)
      }
    }
  }
}
