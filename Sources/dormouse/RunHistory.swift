import JSON
import Foundation
import Studies

/// The facts about runs that an output folder keeps for the report: `history.json`.
///
/// A report that is written again says the same: only a run that made a product changes it.
struct RunHistory: Codable, Equatable {
  /// The study file's name, or the preset's.
  var source: String
  /// Of runs that ended or were stopped; a killed run says nothing.
  var seconds: Double
  /// The day on which the last product was made, in Coordinated Universal Time: `2026-11-27`.
  var date: String

  static let fileName = "history.json"

  /// Nil where there is none, or none that can be read: the report leaves its facts out then.
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

  /// Adds a run to what the folder remembers.
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
