import Foundation

extension Product {
  /// The rows of a JSON Lines file that this program wrote.
  ///
  /// - Throws: `ProductDamage`, `FileError`, and `DecodingError` if a row has another form.
  package func rows<Row: Decodable>(_ type: Row.Type, _ file: String) throws -> [Row] {
    try data(file).split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(Row.self, from: $0)
    }
  }
}
