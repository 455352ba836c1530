import Foundation
import Studies
import Text

/// The case that the text of an option names.
///
/// The argument parser's own message for a wrong case has several lines and no suggestion.
///
/// - Throws: `CommandFault` with all cases and the nearest one.
func choice<Value>(_ option: String, _ text: String) throws -> Value
where Value: CaseIterable & RawRepresentable<String> {
  if let value = Value(rawValue: text) { return value }
  let words = Value.allCases.map(\.rawValue)
  let near = NearestWord.of(text, in: words).map { "; did you mean \"\($0)\"?" } ?? ""
  throw CommandFault(
    line: "\(option): expected one of \(words.joined(separator: ", ")), "
      + "found \"\(text.printable())\"\(near)",
    exitCode: .badUse)
}

/// The model folder that an argument names: the folder itself, or `model` in the folder of a product.
func modelFolder(_ path: String) -> URL {
  func isModel(_ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "config.json").path)
  }
  let folder = URL(fileURLWithPath: path)
  let inner = folder.appending(path: "model")
  return !isModel(folder) && isModel(inner) ? inner : folder
}
