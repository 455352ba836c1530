import JSON
import Foundation
import Studies

/// The file `history.json` of an output folder: facts about its runs for the report.
///
/// Only a run that makes a product changes the facts, so a report that is written again has the same.
struct RunHistory: Codable, Equatable {
  /// The study file's name, or the preset's.
  var source: String
  /// The time of all runs that ended or were stopped. The time of a killed run is missing.
  var seconds: Double
  /// The day on which the last product was made, in Coordinated Universal Time: `2026-11-27`.
  var date: String

  static let fileName = "history.json"

  /// Reads the file. Nil if there is none or it cannot be read; the report then has no such facts.
  init?(in folder: URL) {
    guard let data = try? Data(contentsOf: folder.appending(path: Self.fileName)),
      let history = try? JSONDecoder().decode(Self.self, from: data)
    else { return nil }
    self = history
  }

  private init(source: String, seconds: Double, date: String) {
    self.source = source
    self.seconds = seconds
    self.date = date
  }

  /// Adds a run to the file of a folder.
  ///
  /// - Throws: The error of the encoding or of the writing.
  static func add(source: String, seconds: Double, made: Int, to folder: URL) throws {
    let known = RunHistory(in: folder)
    guard made > 0 || known?.source != source else { return }
    let today = Date.now.formatted(.iso8601.year().month().day())
    let history = RunHistory(
      source: source, seconds: (known?.seconds ?? 0) + (made > 0 ? seconds : 0),
      date: made > 0 ? today : known?.date ?? today)
    try CanonicalJSON.data(of: history)
      .write(to: folder.appending(path: fileName), options: .atomic)
  }
}
