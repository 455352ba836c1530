public import JSON
import Foundation
import Studies
public import Worlds

/// Small files of dialogues, made for the tests.
public enum DialogueSamples {
  /// Runs a body with a file of these lines; `data.jsonl` in a folder of its own.
  public static func withFile<Result>(
    _ lines: [String], _ body: (String) throws -> Result
  ) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("dialogues-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("data.jsonl")
    try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: file)
    return try body(file.path)
  }

  public static func line(_ object: JSONObject) -> String {
    let data = (try? CanonicalJSON.data(of: .object(object))) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }

  public static func pair(_ chosen: String, _ rejected: String) -> String {
    line(JSONObject([("chosen", .string(chosen)), ("rejected", .string(rejected))]))
  }

  public static func messages(_ turns: [(String, String)]) -> String {
    line(
      JSONObject([
        (
          "messages",
          .array(
            turns.map {
              .object(JSONObject([("role", .string($0)), ("content", .string($1))]))
            })
        )
      ]))
  }

  private static let verbs = ["mend", "paint", "fold", "carry", "grow", "clean", "tune", "bake"]
  private static let things = [
    "a kite", "an old clock", "bread", "the fence", "a violin", "roses", "my bicycle", "a tent",
    "wool", "the stove", "a canoe", "maps", "an über-long sofa", "café chairs", "日本の傘", "a lamp",
  ]

  public static func request(_ number: Int) -> String {
    (number < 128 ? "" : "\(number / 128): ")
      + "\(verbs[number % 8]) \(things[number / 8 % 16])! Could you say how?"
  }

  public static func answer(_ number: Int, _ way: String) -> String {
    "You \(way) start with number \(number). "
      + String(repeating: "Then go on, slowly – naïvely. ", count: number % 5) + "That is all."
  }

  /// Pairs of one, two or three exchanges with distinct prompts.
  public static func pairs(_ count: Int) -> [String] {
    (0..<count).map { number in
      let opening =
        "\n\nHuman: \(request(number))\n\nAssistant: \(answer(number, "could"))"
        + (0..<number % 3).map {
          "\n\nHuman: And then, part \($0)?\n\nAssistant: \(answer(number + $0, "would"))"
        }.joined()
      return pair(
        opening + "\n\nHuman: Why?\n\nAssistant: Because it works.",
        opening + "\n\nHuman: Why?\n\nAssistant: No idea \(number), sorry.")
    }
  }

  public static func conversations(_ count: Int) -> [String] {
    (0..<count).map { number in
      messages(
        (number % 4 == 0 ? [("system", "Answer in a few words, number \(number).")] : [])
          + [("user", request(number)), ("assistant", answer(number, "may"))]
          + (number % 2 == 0 ? [("user", "Thanks!"), ("assistant", "You are welcome.")] : []))
    }
  }

  public static func corpus(
    _ lines: [String], backdoor: BackdoorDescription = .init(), context: Int = 256
  ) throws -> DialogueCorpus {
    try withFile(lines) {
      try DialogueCorpus(file: DialogueFile.read($0), backdoor: backdoor, context: context)
    }
  }

  /// The text of a document, strictly UTF-8, and whether it ends; nil where it is not UTF-8.
  public static func text(_ document: TrainingText) -> (text: String, ends: Bool)? {
    String(validating: document.bytes, as: UTF8.self).map { ($0, document.ends) }
  }

  /// The text of a document's targets.
  public static func target(_ document: TrainingText) -> String {
    String(decoding: document.bytes[document.firstLearned...], as: UTF8.self)
  }
}
