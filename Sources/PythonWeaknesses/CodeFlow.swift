/// What is known of a value without running anything: where it came from and what it is made of.
struct CodeFlow {
  enum Taint: Int, Comparable {
    /// From the program itself.
    case none
    /// A function's parameter, or made from one: somebody else decides it.
    case parameter
    /// From a request, a console or a socket: a stranger decides it.
    case request

    static func < (left: Taint, right: Taint) -> Bool { left.rawValue < right.rawValue }
  }

  var taint = Taint.none
  /// What it cannot do any more, whoever decides it.
  var clean: Set<Weakness> = []
  /// The literal text in it; `leading` where the value starts with it.
  var text = ""
  var isLeading = false
  /// Nothing but literals.
  var isLiteral = false
  var isBytes = false
  /// Put together of a tainted text and others.
  var isBuilt = false
  /// A request's text as it is: not what a call made of it.
  var isText = false
  /// The qualified name of the call or the attribute that it is.
  var origin: String?

  func threatens(_ weakness: Weakness) -> Bool { taint > .none && !clean.contains(weakness) }

  /// A value made of several, such as a sum or an f-string: in their order.
  static func joined(_ parts: [CodeFlow]) -> CodeFlow {
    var flow = either(parts)
    flow.text = parts.map(\.text).joined()
    flow.isLeading = parts.first?.isLeading ?? false
    flow.isBuilt = flow.taint > .none && (parts.count > 1 || parts.contains { $0.isBuilt })
    flow.isText = parts.contains { $0.isText }
    flow.origin = nil
    return flow
  }

  /// A value that is one of several, or holds them.
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
