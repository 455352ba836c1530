import Text
import JSON
import Foundation
import Studies

/// A study small enough to make in a test: doughs, loaves of them, and tastings of loaves.
indirect enum Bakery: Stage {
  case dough(flour: Int, seed: UInt64)
  case loaf(of: Bakery, heat: Double, note: String?)
  case tasting(of: Bakery, at: Int)

  var name: String {
    switch self {
    case .dough: "knead-dough"
    case .loaf: "bake-loaf"
    case .tasting: "taste"
    }
  }

  var revision: Int { if case .loaf = self { 2 } else { 1 } }

  var inputs: [Bakery] {
    switch self {
    case .dough: []
    case .loaf(let dough, _, _): [dough]
    case .tasting(let loaf, _): [loaf]
    }
  }

  var identity: any Encodable {
    switch self {
    case .dough(let flour, let seed): Dough(flour: flour, seed: seed)
    case .loaf(_, let heat, let note): Loaf(heat: heat, note: note)
    case .tasting(_, let step): ["at": step]
    }
  }

  var cohortKey: String {
    switch self {
    case .dough(let flour, _): "flour \(flour)"
    case .loaf(let dough, _, _): dough.cohortKey
    case .tasting: ""
    }
  }

  private struct Dough: Encodable {
    var flour: Int
    var seed: UInt64
  }

  private struct Loaf: Encodable {
    var heat: Double
    var note: String?
  }

  /// The grid that the tests make: two doughs, two loaves of each, a tasting of each loaf.
  static var grid: [Bakery] {
    [1, 2].flatMap { seed in
      [0.5, 180.0].map { heat in
        .tasting(of: .loaf(of: .dough(flour: 3, seed: seed), heat: heat, note: nil), at: 10)
      }
    }
  }

  /// Writes what the stage's making would: bytes that follow from the stage and its input's
  /// product.
  func write(to folder: URL, store: Store) throws {
    var text = "\(name) \(try Fingerprint(of: self))\n"
    for input in inputs {
      guard let product = try store.product(of: input) else { throw MissingInput() }
      text += String(decoding: try product.data("result.txt"), as: UTF8.self)
    }
    try Data(text.utf8).write(to: folder.appendingPathComponent("result.txt"))
    let inner = folder.appendingPathComponent("samples/first")
    try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
    try Data(repeating: 7, count: 40).write(to: inner.appendingPathComponent("rows.bin"))
  }
}

struct MissingInput: Error {}

/// Every file below a folder by its relative path, hidden folders and the records' circumstances
/// left out: what has to be equal in every run.
func productBytes(_ folder: URL) throws -> [String: Data] {
  let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
  var bytes: [String: Data] = [:]
  for name in names where !name.hasPrefix(".") && !name.contains("/.") && name != "lock" {
    var isFolder: ObjCBool = false
    let path = folder.appendingPathComponent(name).path
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
    else { continue }
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    if name.hasSuffix("record.json") {
      guard var record = try JSONReader.value(of: data).object else { throw MissingInput() }
      record["circumstance"] = nil
      record["sha256"] = nil
      data = try CanonicalJSON.data(of: .object(record))
    }
    bytes[name] = data
  }
  return bytes
}
