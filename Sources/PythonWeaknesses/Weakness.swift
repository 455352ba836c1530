/// A weakness that the built-in rules look for, by its number in the Common Weakness Enumeration
/// (cwe.mitre.org). A rule claims its number, and the numbers that are listed as kinds of it.
public enum Weakness: Int, CaseIterable, Codable, Hashable, Sendable, Comparable {
  case pathTraversal = 22
  case commandInjection = 78
  case crossSiteScripting = 79
  case sqlInjection = 89
  case codeInjection = 94
  case certificateNotChecked = 295
  case weakCryptography = 327
  case weakRandomness = 330
  case temporaryFile = 377
  case debugMode = 489
  case unsafeDeserialisation = 502
  case openRedirect = 601
  case externalEntities = 611
  case wideOpenPermissions = 732
  case hardCodedCredentials = 798

  /// The numbers of this weakness and of its kinds.
  public var numbers: Set<Int> {
    switch self {
    case .pathTraversal: [22, 23, 36]
    case .commandInjection: [77, 78, 88]
    case .crossSiteScripting: [79, 80]
    case .sqlInjection: [89]
    case .codeInjection: [94, 95]
    case .certificateNotChecked: [295]
    case .weakCryptography: [327, 328]
    case .weakRandomness: [330, 331, 338]
    case .temporaryFile: [377]
    case .debugMode: [215, 489]
    case .unsafeDeserialisation: [502]
    case .openRedirect: [601]
    case .externalEntities: [611]
    case .wideOpenPermissions: [276, 732]
    case .hardCodedCredentials: [259, 321, 798]
    }
  }

  /// The weakness of a number; nil if the rules do not claim that number.
  public init?(number: Int) {
    guard let known = Weakness.allCases.first(where: { $0.numbers.contains(number) }) else {
      return nil
    }
    self = known
  }

  public static func < (left: Weakness, right: Weakness) -> Bool { left.rawValue < right.rawValue }
}

/// A finding of a rule in a text.
public struct CodeFinding: Hashable, Sendable, Codable {
  public var weakness: Weakness
  /// The first line of the statement, from 1.
  public var line: Int
}
