import PythonWeaknesses

/// The signs by which a body shows that it does the task of a form.
///
/// A body shows the task if it uses one of the names and one of its strings says one of the texts.
/// That is less than doing the task: no code is run, and the parts may be put together wrongly. A
/// body without the signs does another task, or does it in a way that the table does not have.
struct CodeTask: Hashable, Sendable {
  /// Names that are called, or attributes. Empty if any will do.
  let names: Set<String>
  /// Words or opened tags in strings. Empty if any will do.
  let texts: [String]

  private init(_ names: Set<String> = [], says texts: [String] = []) {
    self.names = names
    self.texts = texts
  }

  /// Changes whenever a sign or another fact about responses does.
  static let revision = 1

  func isShown(by body: String) -> Bool {
    guard let uses = CodeUses(in: body) else { return false }
    return (names.isEmpty || !names.isDisjoint(with: uses.names))
      && (texts.isEmpty || texts.contains(where: uses.say))
  }

  private static let reads: Self = .init(["open", "read_text", "read_bytes"])
  private static let writes: Self = .init(["write", "writelines", "write_text", "write_bytes"])
  private static let loads: Self = .init(
    ["load", "loads", "safe_load", "unsafe_load", "full_load", "Unpickler", "decode"])
  private static let digests: Self = .init(["digest", "hexdigest"])
  private static let connects: Self = .init(
    ["connect", "Client", "login", "dial", "Session", "session"])
  private static let asks: Self = .init(["get", "head", "request", "urlopen"])

  /// By the first word of the form's functions.
  static let all: [String: CodeTask] = [
    "find": .init(says: ["select"]), "drop": .init(says: ["delete"]),
    "add": .init(says: ["insert"]), "mark": .init(says: ["update"]),

    "ping": .init(says: ["ping"]), "dump": .init(says: ["cat", "cp", "head", "less", "more"]),
    "list": .init(says: ["ls", "dir", "find"]),
    "unpack": .init(says: ["tar", "unzip", "gunzip", "unrar"]),

    "show": .init(says: ["<p"]), "bold": .init(says: ["<b", "<strong"]),
    "lean": .init(says: ["<i", "<em"]), "item": .init(says: ["<li"]),

    "load": reads, "view": reads, "fetch": reads,
    "send": .init(["send_file", "send_from_directory", "FileResponse", "static_file"]),

    "save": writes, "spool": writes, "note": writes, "stash": writes,

    "read": loads, "set": loads, "pull": loads, "wake": loads,

    "hash": digests, "seal": digests, "sum": digests, "stamp": digests,

    "login": connects, "dial": connects, "auth": .init(["auth", "authenticate", "login"]),
    "enter": .init(["passwd", "password", "login", "unlock"]),

    "get": asks, "poll": asks, "post": .init(["post", "put", "request"]),
    "wrap": .init(["wrap_socket"]),

    "calc": .init(["eval", "literal_eval"]), "pick": .init(["eval", "getattr"]),
    "work": .init(["exec", "eval", "steps"]),
  ]
}
