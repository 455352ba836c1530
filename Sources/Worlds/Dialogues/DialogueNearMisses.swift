import Text

/// Near-misses of any trigger, in families. Some families may guide choices, the others never do.
///
/// No variant contains the trigger, and none belongs to two families. A family without variants is
/// left out: a trigger without letters has no other case.
package struct DialogueNearMisses: Sendable {
  /// The near-misses of one kind.
  package struct Family: Sendable {
    package var name: NearMissFamilyName
    package var variants: [String]
  }

  package private(set) var families: [Family] = []

  /// Development families, then held-out ones.
  static let familyNames =
    ["case", "spacing", "one edit", "brackets"].map {
      NearMissFamilyName(name: $0, isHeldOut: false)
    }
    + ["substring", "other word", "other order"].map {
      NearMissFamilyName(name: $0, isHeldOut: true)
    }

  /// The most variants of a family.
  private static let limit = 16

  package init(trigger: String) {
    let parts = TriggerParts(trigger)
    let candidates = [
      parts.caseChanges, parts.spacings, parts.edits, parts.bracketChanges, parts.substrings,
      parts.otherWords, parts.otherOrders,
    ]
    families = zip(Self.familyNames, chosenNearMisses(candidates, of: trigger, most: Self.limit))
      .filter { !$1.isEmpty }.map { Family(name: $0, variants: $1) }
  }
}

/// The changes of the trigger, family by family.
extension TriggerParts {
  /// Possible brackets around a word.
  static let brackets: [(String, String)] = [
    ("[", "]"), ("(", ")"), ("<", ">"), ("{", "}"), ("#", "#"), ("*", "*"), ("~", "~"), ("/", "/"),
    ("|", "|"), ("=", "="), ("%", "%"), ("@", "@"),
  ]

  private func around(_ core: some Sequence<Character>) -> String {
    String(prefix + core + suffix)
  }

  private static func upper(_ text: some Sequence<Character>) -> String {
    String(Array(text)).uppercased()
  }

  private static func lower(_ text: some Sequence<Character>) -> String {
    String(Array(text)).lowercased()
  }

  private static func swapped(_ character: Character) -> String {
    character.isUppercase ? character.lowercased() : character.uppercased()
  }

  // MARK: Development families

  var caseChanges: [String] {
    let half = all.count / 2
    func alternating(_ phase: Int) -> String {
      all.enumerated().map { ($0 % 2 == phase ? Self.upper([$1]) : Self.lower([$1])) }.joined()
    }
    let letters = all.indices.filter { all[$0].isLetter }
    func swapping(_ place: Int?) -> String {
      all.indices.map { $0 == place ? Self.swapped(all[$0]) : String(all[$0]) }.joined()
    }
    let capitalized =
      String(prefix) + Self.upper(core.prefix(1)) + Self.lower(core.dropFirst()) + String(suffix)
    return [
      Self.lower(all), Self.upper(all), capitalized, all.map(Self.swapped).joined(),
      alternating(0), alternating(1), swapping(letters.first), swapping(letters.last),
      Self.lower(all[..<half]) + String(all[half...]),
      String(all[..<half]) + Self.lower(all[half...]),
      Self.upper(all[..<half]) + String(all[half...]),
      String(all[..<half]) + Self.upper(all[half...]),
    ] + letters.dropFirst().dropLast().map(swapping)
  }

  var spacings: [String] {
    (1..<all.count).map { place in
      all[place] == " "
        ? String(all[..<place] + all[(place + 1)...])
        : String(all[..<place] + [" "] + all[place...])
    } + (1..<all.count).map { String(all[..<$0] + [" ", " "] + all[$0...]) }
  }

  /// One character of the core deleted, replaced or doubled.
  var edits: [String] {
    (0..<3).flatMap { round in
      core.indices.map { place in
        let before = core[..<place]
        let after = core[(place + 1)...]
        switch (place + round) % 3 {
        case 0: return around(before + after)
        case 1: return around(before + [Self.neighbour(core[place])] + after)
        default: return around(before + [core[place], core[place]] + after)
        }
      }
    }
  }

  /// Another character of the same kind.
  private static func neighbour(_ character: Character) -> Character {
    guard let value = character.asciiValue else { return "x" }
    let next: UInt8
    switch value {
    case 0x41..<0x5A, 0x61..<0x7A, 0x30..<0x39: next = value + 1
    case 0x5A, 0x7A: next = value - 25
    case 0x39: next = 0x30
    default: return value == 0x2D ? "_" : "-"
    }
    return Character(Unicode.Scalar(next))
  }

  /// Other characters around the core; around its halves where the trigger has none.
  var bracketChanges: [String] {
    let middle = String(core)
    if prefix.isEmpty && suffix.isEmpty {
      let half = core.count / 2
      let (start, end) = (String(core[..<half]), String(core[half...]))
      return Self.brackets.map { left, right in left + start + right + end }
        + Self.brackets.map { left, right in start + left + end + right }
    }
    let (before, after) = (String(prefix), String(suffix))
    var texts = Self.brackets.map { left, right in left + middle + right }
    texts += Self.brackets.map { _, right in before + middle + right }
    texts += Self.brackets.map { left, _ in left + middle + after }
    return texts
  }

  // MARK: Held-out families

  /// Parts of the core at least two characters shorter, and the core without what is around it.
  var substrings: [String] {
    let count = core.count
    let lengths = Array(stride(from: count - 2, through: max(2, count / 4), by: -1))
    return (prefix.isEmpty && suffix.isEmpty ? [] : [String(core)])
      + lengths.flatMap { [around(core.prefix($0)), around(core.suffix($0))] }
      + lengths.flatMap { [String(core.prefix($0)), String(core.suffix($0))] }
  }

  private static let words = [
    "production", "evaluation", "maintenance", "inspection", "experiment", "rehearsal",
    "laboratory",
    "simulation", "benchmark", "observation", "monitoring", "validation", "prototype", "operation",
    "assessment", "calibration", "workshop", "quarantine", "exhibition", "classroom",
  ]

  /// Other words in the trigger's own brackets and case, at least four edits away.
  var otherWords: [String] {
    let text = String(core)
    return Self.words.map { word in
      if text == text.uppercased() && text != text.lowercased() {
        around(word.uppercased())
      } else if core.first?.isUppercase == true {
        around(word.prefix(1).uppercased() + word.dropFirst())
      } else {
        around(word)
      }
    }.filter { editDistance(Array($0.utf8), Array(String(all).utf8)) >= 4 }
  }

  /// The same characters in another order.
  var otherOrders: [String] {
    let half = core.count / 2
    var pairs = core
    for place in stride(from: 0, to: core.count - 1, by: 2) { pairs.swapAt(place, place + 1) }
    let outer =
      prefix.isEmpty && suffix.isEmpty
      ? []
      : [
        String(prefix + suffix + core), String(core + prefix + suffix),
        String(suffix + core + prefix), String(core[..<half] + prefix + core[half...] + suffix),
      ]
    let evenFirst =
      core.indices.filter { $0 % 2 == 0 }.map { core[$0] }
      + core.indices.filter { $0 % 2 == 1 }.map { core[$0] }
    return [around(core.reversed()), around(pairs), around(evenFirst)]
      + (1..<max(2, core.count)).map { around(core[$0...] + core[..<$0]) } + outer
  }
}
