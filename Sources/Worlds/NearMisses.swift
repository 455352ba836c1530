/// Chooses the near-misses of a trigger from one list of candidates per family.
///
/// No near-miss is empty or contains the trigger. None belongs to two families: the first family
/// keeps it. Texts are compared by their bytes.
///
/// - Parameter most: The most near-misses of a family.
/// - Returns: A list per family, in the order of its candidates.
func chosenNearMisses(
  _ families: [[String]], of trigger: String, most: Int
) -> [[String]] {
  let trigger = Array(trigger.utf8)
  var known: Set<[UInt8]> = []
  return families.map { candidates in
    var chosen: [String] = []
    for text in candidates where chosen.count < most {
      let bytes = Array(text.utf8)
      guard !bytes.isEmpty, !DialogueBytes.contains(trigger, in: bytes),
        known.insert(bytes).inserted
      else { continue }
      chosen.append(text)
    }
    return chosen
  }
}

/// A trigger in three parts: the text before its first letter or digit, the core, and the text
/// after its last letter or digit.
struct TriggerParts {
  let all: [Character]
  let prefix: [Character]
  let core: [Character]
  let suffix: [Character]

  /// A trigger without letters and digits is a core alone.
  init(_ trigger: String) {
    all = Array(trigger)
    func isWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }
    guard let first = all.firstIndex(where: isWord), let last = all.lastIndex(where: isWord) else {
      prefix = []
      core = all
      suffix = []
      return
    }
    prefix = Array(all[..<first])
    core = Array(all[first...last])
    suffix = Array(all[(last + 1)...])
  }
}
