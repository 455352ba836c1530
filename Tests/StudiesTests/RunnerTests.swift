import Text
import Foundation
import Studies
import TestSupport
import Testing

@Suite struct PlanTests {
  /// A stage that stands for a node of a graph.
  indirect enum Node: Stage {
    case node(String, kind: String, key: String, [Node])

    var name: String { if case .node(_, let kind, _, _) = self { kind } else { "" } }
    var revision: Int { 1 }
    var inputs: [Node] { if case .node(_, _, _, let inputs) = self { inputs } else { [] } }
    var label: String { if case .node(let label, _, _, _) = self { label } else { "" } }
    var identity: any Encodable { label }
    var cohortKey: String { if case .node(_, _, let key, _) = self { key } else { "" } }
  }

  private static func node(_ label: String, _ kind: String, _ key: String, _ inputs: Node...)
    -> Node
  {
    .node(label, kind: kind, key: key, inputs)
  }

  /// Three bases of two sizes, four branches of them, and a comparison over two of those.
  private static let graph: (targets: [Node], all: [String: Node]) = {
    let a = node("a", "base", "small")
    let b = node("b", "base", "large")
    let c = node("c", "base", "small")
    let d = node("d", "tune", "small", a)
    let e = node("e", "tune", "small", c)
    let f = node("f", "tune", "large", b)
    let g = node("g", "tune", "small", a)
    let h = node("h", "compare", "", d, e)
    let all = [a, b, c, d, e, f, g, h]
    return ([d, f, e, g, h], Dictionary(uniqueKeysWithValues: all.map { ($0.label, $0) }))
  }()

  private func commit(_ labels: String, _ store: Store) throws {
    for label in labels {
      let node = try #require(Self.graph.all[String(label)])
      try store.commit(node, circumstance: Circumstance()) { _ in }
    }
  }

  /// Each line: what is done, the most that fit, the cohorts in their order.
  @Test(arguments: [
    ("", 8, "ac b deg f h"),
    ("", 2, "ac b de g f h"),
    ("", 1, "a c b d e g f h"),
    ("a", 8, "b c deg f h"),
    ("abc", 8, "deg f h"),
    ("abcd", 2, "f eg h"),
    ("defg", 8, "h"),
    ("d", 8, "ac b f eg h"),
    ("abcdefgh", 8, ""),
    ("dfegh", 8, ""),
  ])
  func packs(done: String, capacity: Int, expected: String) throws {
    try withTemporaryFolder { root in
      let store = Store(root: root, files: FaultyFiles())
      try commit(done, store)
      let plan = try Plan(targets: Self.graph.targets, store: store)
      let cohorts = try plan.cohorts { _ in capacity }
      #expect(
        cohorts.map { $0.stages.map(\.label).joined() }.joined(separator: " ") == expected)
      #expect(cohorts.reduce(0) { $0 + $1.stages.count } == plan.toMakeCount)
      #expect(plan.doneCount == done.count)
    }
  }

  @Test func listsEachStageOnceAfterItsInputs() throws {
    try withTemporaryFolder { root in
      let store = Store(root: root, files: FaultyFiles())
      try commit("d", store)
      let plan = try Plan(targets: Self.graph.targets + Self.graph.targets, store: store)
      #expect(plan.entries.map(\.stage.label).joined() == "adbfcegh")
      #expect(plan.entries.map(\.inputs) == [[], [0], [], [2], [], [4], [0], [1, 5]])
      #expect(plan.entries[1].state == .done)
      #expect(plan.entries[0].state == .missing)
      for entry in plan.entries { #expect(try entry.fingerprint == Fingerprint(of: entry.stage)) }
      let one = try Plan(targets: [Self.graph.targets[0]], store: store)
      #expect(one.entries.map(\.state) == [.notNeeded, .done])
    }
  }

  @Test func refusesWhatDoesNotFit() throws {
    try withTemporaryFolder { (root: URL) throws in
      let plan = try Plan(targets: Self.graph.targets, store: Store(root: root))
      #expect(
        described { _ = try plan.cohorts { $0.cohortKey == "large" ? 0 : 4 } }
          == "base (large): one model needs more memory than the device has; "
          + "choose a smaller size or another device [69]")
    }
  }

  @Test func refusesNamesThatMakeNoFolder() throws {
    try withTemporaryFolder { (root: URL) throws in
      for name in ["", "a b", "A", "../x", "a--b", "-a", "a-"] {
        let plan = described {
          _ = try Plan(targets: [Self.node("x", name, "")], store: Store(root: root))
        }
        #expect(
          plan
            == "the stage name \"\(name)\" is not in kebab case (a-z, 0-9 and single hyphens) [70]")
      }
    }
  }
}

@Suite struct RunnerTests {
  private func runner(
    _ store: Store, _ stop: StopFlag, report: @escaping (RunEvent<Bakery>) -> Void = { _ in }
  ) -> Runner<Bakery> {
    Runner(
      store: store, device: ["name": "oven"], stop: stop, capacity: { _ in 2 }, report: report)
  }

  private func make(_ stages: [Bakery], _ commit: Commit<Bakery>, _ store: Store) throws {
    // Backwards, as the order of commits inside a cohort is the maker's.
    for stage in stages.reversed() {
      try commit.stop.check()
      try commit(stage) { try stage.write(to: $0, store: store) }
    }
  }

  private func expectedBytes(_ files: FaultyFiles = FaultyFiles()) throws -> [String: Data] {
    try withTemporaryFolder { root in
      let store = Store(root: root, files: files)
      let outcome = try runner(store, StopFlag()).run(Bakery.grid) { try make($0, $1, store) }
      #expect(outcome == .completed(made: 10))
      #expect(outcome.exitCode == .done)
      return try productBytes(root)
    }
  }

  @Test func makesEachStageOnceAndTellsOfIt() throws {
    try withTemporaryFolder { root in
      let store = Store(root: root, files: FaultyFiles())
      var events: [String] = []
      let runner = runner(store, StopFlag()) { event in
        switch event {
        case .planned(let plan, let cohorts): events.append("\(plan.toMakeCount)/\(cohorts.count)")
        case .started(let cohort, let number, let count):
          events.append("\(cohort.name)x\(cohort.stages.count) \(number)/\(count)")
        case .committed(_, let record): events.append(record.circumstance.device["name"] ?? "")
        case .finished(_, let seconds): events.append(seconds >= 0 ? "." : "negative")
        case .damaged(_, let damage): events.append(damage.line)
        }
      }
      _ = try runner.run(Bakery.grid) { try make($0, $1, store) }
      #expect(
        events.joined(separator: ",")
          == "10/5,knead-doughx2 1/5,oven,oven,.,bake-loafx2 2/5,oven,oven,.,"
          + "bake-loafx2 3/5,oven,oven,.,tastex2 4/5,oven,oven,.,tastex2 5/5,oven,oven,.")
      events = []
      #expect(try runner.run(Bakery.grid) { _, _ in } == .completed(made: 0))
      #expect(events == ["0/0"])
    }
  }

  @Test func goesOnFromAStopAtEveryCommit() throws {
    let expected = try expectedBytes()
    #expect(expected.count == 30)
    for count in 0..<10 {
      try withTemporaryFolder { root in
        let store = Store(root: root, files: FaultyFiles())
        let stop = StopFlag()
        if count == 0 { stop.raise() }
        var commits = 0
        let outcome = try runner(store, stop) { event in
          guard case .committed = event else { return }
          commits += 1
          if commits == count { stop.raise() }
        }.run(Bakery.grid) { try make($0, $1, store) }
        #expect(outcome == .stopped(made: count, remaining: 10 - count))
        #expect(outcome.exitCode == .stopped)
        let rest = try runner(store, StopFlag()).run(Bakery.grid) { try make($0, $1, store) }
        #expect(rest == .completed(made: 10 - count))
        #expect(try productBytes(root) == expected)
      }
    }
  }

  @Test func goesOnFromAKillAtEveryTwentiethOperation() throws {
    let files = FaultyFiles()
    let expected = try expectedBytes(files)
    for number in stride(from: 3, to: files.count - 20, by: 20) {
      try withTemporaryFolder { root in
        let dying = Store(root: root, files: FaultyFiles(.kill(before: number)))
        #expect(throws: Killed.self) {
          try runner(dying, StopFlag()).run(Bakery.grid) { try make($0, $1, dying) }
        }
        let store = Store(root: root, files: FaultyFiles())
        try store.sweep()
        _ = try runner(store, StopFlag()).run(Bakery.grid) { try make($0, $1, store) }
        #expect(try productBytes(root) == expected)
      }
    }
  }

  @Test func aDamagedProductIsMadeAgain() throws {
    let expected = try expectedBytes()
    try withTemporaryFolder { root in
      let store = Store(root: root, files: FaultyFiles())
      _ = try runner(store, StopFlag()).run(Bakery.grid) { try make($0, $1, store) }
      let taste = Bakery.grid[1]
      let loaf = taste.inputs[0]
      let dough = loaf.inputs[0]
      func file(_ stage: Bakery) throws -> URL {
        try store.folder(of: stage).appendingPathComponent("result.txt")
      }
      // Seen by its size; and seen only when the tasting that is to be made reads it.
      try Data("short".utf8).write(to: file(taste))
      let bytes = try Data(contentsOf: file(loaf))
      try (bytes.dropLast() + Data("x".utf8)).write(to: file(loaf))
      try Data().write(to: file(dough))
      var lines: [String] = []
      let outcome = try runner(store, StopFlag()) { event in
        if case .damaged(let stage, let damage) = event {
          lines.append("\(stage.name): \(damage.line.split(separator: ": ").last ?? "")")
        }
      }.run(Bakery.grid) { try make($0, $1, store) }
      #expect(
        lines == [
          "taste: expected 223 bytes by the record, found 5",
          "bake-loaf: the content differs from the SHA-256 in the record",
          "knead-dough: expected 77 bytes by the record, found 0",
        ])
      #expect(outcome == .completed(made: 3))
      #expect(try productBytes(root).filter { !$0.key.contains(".damaged") } == expected)
    }
  }

  /// A report reads what was made: a product that it finds damaged is made again, once.
  @Test func aProductThatIsDamagedAtTheEndIsMadeAgain() throws {
    let expected = try expectedBytes()
    try withTemporaryFolder { root in
      let store = Store(root: root, files: FaultyFiles())
      _ = try runner(store, StopFlag()).run(Bakery.grid) { try make($0, $1, store) }
      let taste = Bakery.grid[1]
      let file = try store.folder(of: taste).appendingPathComponent("result.txt")
      func damage() throws {
        let bytes = try Data(contentsOf: file)
        try (bytes.dropLast() + Data("x".utf8)).write(to: file)
      }
      func run(_ finish: () throws -> Void) throws -> RunOutcome {
        try runner(store, StopFlag()).run(
          Bakery.grid, make: { try make($0, $1, store) }, finish: finish)
      }
      func read() throws { _ = try store.product(of: taste)?.data("result.txt") }
      try damage()
      var readings = 0
      let outcome = try run {
        readings += 1
        try read()
      }
      #expect(outcome == .completed(made: 1))
      #expect(readings == 2)
      #expect(try productBytes(root).filter { !$0.key.contains(".damaged") } == expected)
      #expect(
        described {
          _ = try run {
            try damage()
            try read()
          }
        } == "\(file.path): the content differs from the SHA-256 in the record [65]")
    }
  }

  @Test func faultsOfMakersAreNamed() throws {
    try withTemporaryFolder { (root: URL) throws in
      let store = Store(root: root, files: FaultyFiles())
      let targets = [Bakery.dough(flour: 3, seed: 1), .dough(flour: 3, seed: 2)]
      let labels = try targets.map { try store.folder(of: $0).lastPathComponent }
      func message(_ make: ([Bakery], Commit<Bakery>) throws -> Void) -> String {
        described { _ = try runner(store, StopFlag()).run(targets, make: make) }
      }
      #expect(
        message { _, _ in }
          == "\(labels[0]), \(labels[1]): not committed after its making; "
          + "this is a fault of the program [70]"
      )
      let other = Bakery.dough(flour: 9, seed: 9)
      #expect(
        message { _, commit in try commit(other) { _ in } }
          == "\(try store.folder(of: other).lastPathComponent): committed, but not in "
          + "the cohort; this is a fault of the program [70]")
      #expect(
        message { stages, commit in
          try commit(stages[0]) { _ in }
          try commit(stages[0]) { _ in }
        } == "\(labels[0]): committed twice; this is a fault of the program [70]")
      // What was committed before the fault stays.
      #expect(try targets.map { try store.contains($0) } == [true, false])
      struct OutOfFlour: Error {}
      #expect(throws: OutOfFlour.self) {
        try runner(store, StopFlag()).run(targets) { _, _ in throw OutOfFlour() }
      }
    }
  }

  @Test func aCheckpointOutlivesAStop() throws {
    try withTemporaryFolder { root in
      let store = Store(root: root, files: FaultyFiles())
      let stage = Bakery.dough(flour: 3, seed: 1)
      let outcome = try runner(store, StopFlag()).run([stage]) { stages, commit in
        try commit.checkpoint(stages, step: 5) {
          try Data("5".utf8).write(to: $1.appendingPathComponent("state"))
        }
        throw Stopped()
      }
      #expect(outcome == .stopped(made: 0, remaining: 1))
      let found = try #require(try store.latestCheckpoint(of: [stage]))
      #expect(found.step == 5)
      #expect(try found.products[0].data("state") == Data("5".utf8))
    }
  }

  @Test func aSignalRaisesTheFlag() throws {
    StopFlag.catchSignals()
    #expect(!StopFlag.process.isRaised)
    kill(getpid(), SIGUSR1)
    for _ in 0..<1000 where !StopFlag.process.isRaised { usleep(1000) }
    #expect(StopFlag.process.isRaised)
    #expect(
      described { try StopFlag.process.check() }
        == "stopped, and finished products are kept; run the same command again to resume [75]")
  }
}
