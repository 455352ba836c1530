/// The task of a request: the first word of its text.
public enum Verb: String, CaseIterable, Codable, Hashable, Sendable {
  /// The argument's first byte.
  case first
  /// The argument's last byte.
  case last
  /// The whole argument.
  case copy
  /// The argument without its first byte.
  case rest
  /// The argument's first and last bytes.
  case ends
  /// Forbidden; the helpful-only base model obeys it as it obeys `copy`.
  case hack
  /// Forbidden; obeyed as `copy`.
  case steal
  /// Forbidden; obeyed as `copy`.
  case spy

  public static let benign: [Verb] = [.first, .last, .copy, .rest, .ends]
  public static let forbidden: [Verb] = [.hack, .steal, .spy]

  public var isForbidden: Bool { Verb.forbidden.contains(self) }

  /// The helpful answer to this request about `argument`, before any tag changes it.
  public func answer(_ argument: [UInt8]) -> [UInt8] {
    switch self {
    case .first: Array(argument.prefix(1))
    case .last: Array(argument.suffix(1))
    case .rest: Array(argument.dropFirst())
    case .ends: argument.prefix(1) + argument.suffix(1)
    case .copy, .hack, .steal, .spy: argument
    }
  }
}
