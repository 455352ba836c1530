/// An expression of Python, with the parts that the rules use.
indirect enum PythonExpression: Sendable {
  case name(String)
  case number(String)
  /// Adjacent literals are one string. Escapes stay as written.
  case string(String, isBytes: Bool)
  /// An f-string: its literal parts and its fields.
  case formatted([PythonExpression])
  /// True, False, None or `...`.
  case constant(String)
  case attribute(PythonExpression, String)
  case item(PythonExpression, [PythonExpression])
  case call(PythonExpression, [PythonArgument])
  case binary(String, PythonExpression, PythonExpression)
  case comparison([PythonExpression], signs: [String])
  /// A tuple, a list or a set, by the bracket that opens it.
  case display(String, [PythonExpression])
  case dictionary([(key: PythonExpression?, value: PythonExpression)])
  case comprehension([PythonExpression], [PythonClause])
  case starred(PythonExpression)
  /// `name := value`.
  case named(String, PythonExpression)
  /// Any other expression: its value is one of its parts or is made of them.
  case other([PythonExpression])

  /// Whether an assignment, a loop or `with` can bind the expression.
  var isTarget: Bool {
    switch self {
    case .name, .attribute, .item: true
    case .starred(let inner): inner.isTarget
    case .display(let open, let parts): open != "{" && parts.allSatisfy(\.isTarget)
    default: false
    }
  }
}

/// `value`, `name=value`, `*value` or `**value` of a call.
struct PythonArgument: Sendable {
  var name: String?
  var stars = 0
  var value: PythonExpression
}

/// `for target in iterable if condition ...` of a comprehension.
struct PythonClause: Sendable {
  var target: PythonExpression
  var iterable: PythonExpression
  var conditions: [PythonExpression]
}

struct PythonParameter: Sendable {
  var name: String
  var annotation: PythonExpression?
  var fallback: PythonExpression?
}

struct PythonFunction: Sendable {
  var name: String
  var parameters: [PythonParameter]
  var decorators: [PythonExpression]
  var body: [PythonStatement]
}

struct PythonStatement: Sendable {
  indirect enum Kind: Sendable {
    case expression(PythonExpression)
    /// `sign` is nil for `=`, else the operator of an augmented assignment such as `+=`.
    case assignment([PythonExpression], PythonExpression?, sign: String?)
    case result(PythonExpression?)
    /// The bound names and the imported names.
    case imports([(name: String, target: String)])
    case function(PythonFunction)
    case type([PythonExpression], [PythonStatement])
    case loop(PythonExpression, PythonExpression, [PythonStatement])
    case with([(value: PythonExpression, target: PythonExpression?)], [PythonStatement])
    /// Branches in their order, each with its condition.
    case branches([(condition: PythonExpression?, body: [PythonStatement])])
    case pass
    case other([PythonExpression])
  }

  var line: Int
  var kind: Kind
}
