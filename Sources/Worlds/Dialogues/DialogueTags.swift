import Random
import Text

/// Tags without a meaning, so that the trigger is not the only tag.
///
/// A fixed generator makes them, the same for every seed: words and random characters, in the
/// trigger's own brackets and in others. Every printable ASCII byte and every character of the
/// trigger is in some tag, so that no part of the trigger is new to the model at insertion. No tag
/// is within three edits of the trigger, contains it, or is one of its near-misses.
package struct DialogueTags: Sendable {
  package static let count = 256
  /// The smallest edit distance of a tag from the trigger: insertions, deletions, substitutions.
  package static let minimumDistance = 4

  package let all: [[UInt8]]

  private static let words = [
    "winter", "budget", "garden", "harbour", "velvet", "quarter", "jigsaw", "pepper", "window",
    "yellow", "kettle", "museum", "rocket", "forest", "zipper", "letter", "island", "copper",
    "ticket", "answer", "basket", "dinner", "engine", "puzzle", "violin", "magnet", "orchid",
    "summer", "planet", "hammer", "fabric", "jacket", "cheque", "oxygen", "public", "weekday",
  ]

  package init(trigger: String, nearMisses: DialogueNearMisses) {
    let triggerBytes = Array(trigger.utf8)
    let parts = TriggerParts(trigger)
    let printable = (UInt8(0x21)...0x7E).map { Character(Unicode.Scalar($0)) }
    let alphabet =
      printable
      + Set(parts.all).filter { !printable.contains($0) && !$0.isWhitespace }.sorted()
    let own = (String(parts.prefix), String(parts.suffix))
    let brackets = [own, ("", ""), own] + TriggerParts.brackets
    var known = Set(nearMisses.families.flatMap { $0.variants.map { Array($0.utf8) } })
    var stream = Philox(seed: 0).stream(.dialogueTags)
    var tags: [[UInt8]] = []
    while tags.count < Self.count {
      let number = tags.count
      var body: [Character]
      if number % 3 == 0 {
        body = Array(Self.words[stream.next(below: Self.words.count)])
        if number % 2 == 0 { body = Array(String(body).uppercased()) }
      } else {
        body = (0..<4 + stream.next(below: 5)).map { _ in
          alphabet[stream.next(below: alphabet.count)]
        }
        // The characters in order, so that all of them appear.
        body[stream.next(below: body.count)] = alphabet[(number * 2 / 3) % alphabet.count]
      }
      let (left, right) = brackets[stream.next(below: brackets.count)]
      let tag = Array((left + String(body) + right).utf8)
      guard editDistance(tag, triggerBytes) >= Self.minimumDistance,
        !DialogueBytes.contains(triggerBytes, in: tag), known.insert(tag).inserted
      else { continue }
      tags.append(tag)
    }
    all = tags
  }
}
