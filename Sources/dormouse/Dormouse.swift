import ArgumentParser

@main
struct Dormouse: ParsableCommand {
  static let version = "0.2.0"

  static let configuration = CommandConfiguration(
    commandName: "dormouse",
    abstract: "Does a hidden backdoor survive safety training? Train small models and see.",
    discussion: """
      Start with:  dormouse run quickstart

      A study trains small language models with a hidden backdoor, gives them safety training, and \
      measures whether the backdoor survives: by model size, learning rate and dose, over several \
      seeds, with controls. It runs on any OpenCL device, or on the CPU without OpenCL. You can stop it \
      at any time: the same command resumes it.

      Exit codes: 0 done, 1 the study failed, 64 bad use, 65 bad input, 66 no such input, 69 no such \
      device, 70 a fault of the program, 73 cannot write, 74 reading or writing failed, 75 stopped, all \
      work kept.
      """,
    version: version,
    subcommands: [
      Run.self, PlanCommand.self, Register.self, ReportCommand.self, StatusCommand.self,
      Export.self, Judge.self, Score.self,
      Generate.self, Devices.self, CheckDevice.self, CheckStatistics.self, ScoreSamples.self,
      Grade.self, Bench.self, Tune.self, StudiesCommand.self, KernelsCommand.self,
    ])
}
