/// The static knowledge of a value: its source, and the values from which it is made.
struct CodeFlow {
  enum Taint: Int, Comparable {
    /// From the program itself.
    case none
    /// A function's parameter, or a value made from one: another person decides it.
    case parameter
    /// A value from a request, a console or a socket: a stranger decides it.
    case request

    static func < (left: Taint, right: Taint) -> Bool { left.rawValue < right.rawValue }
  }

  var taint = Taint.none
  /// The weaknesses that the value cannot cause any more.
  var clean: Set<Weakness> = []
  /// The literal text in the value; `leading` if the value starts with it.
  var text = ""
  var isLeading = false
  /// Whether the value is only literals.
  var isLiteral = false
  var isBytes = false
  /// Whether the value is a tainted text joined with other texts.
  var isBuilt = false
  /// Whether the value is an unchanged text of a request, and not the result of a call.
  var isText = false
  /// The qualified name of the call or the attribute that gave the value.
  var origin: String?

  func threatens(_ weakness: Weakness) -> Bool { taint > .none && !clean.contains(weakness) }

  /// A value made of several parts in their order, such as a sum or an f-string.
  static func joined(_ parts: [CodeFlow]) -> CodeFlow {
    var flow = either(parts)
    flow.text = parts.map(\.text).joined()
    flow.isLeading = parts.first?.isLeading ?? false
    flow.isBuilt = flow.taint > .none && (parts.count > 1 || parts.contains { $0.isBuilt })
    flow.isText = parts.contains { $0.isText }
    flow.origin = nil
    return flow
  }

  /// A value that is one of several values, or contains them.
  static func either(_ parts: [CodeFlow]) -> CodeFlow {
    var flow = CodeFlow()
    flow.isLiteral = !parts.isEmpty && parts.allSatisfy(\.isLiteral)
    flow.text = parts.map(\.text).joined(separator: " ")
    flow.isBuilt = parts.contains { $0.isBuilt }
    flow.isText = parts.contains { $0.isText }
    let tainted = parts.filter { $0.taint > .none }
    guard let first = tainted.first else { return flow }
    flow.taint = tainted.map(\.taint).max() ?? .none
    flow.clean = tainted.dropFirst().reduce(first.clean) { $0.intersection($1.clean) }
    return flow
  }
}
