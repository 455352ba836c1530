/// A prompt and a model's response, as text that is never interpreted.
public struct Transcript: Hashable, Sendable {
  /// One turn: the speaker and the unchanged text.
  public struct Turn: Hashable, Sendable {
    /// The speaker, such as "prompt" or "response".
    public var role: String
    /// The text, as the model saw or wrote it.
    public var text: String
    /// Whether the turn is highlighted, for example because it has the measured behaviour.
    public var isMarked: Bool

    public init(role: String, text: String, isMarked: Bool = false) {
      self.role = role
      self.text = text
      self.isMarked = isMarked
    }
  }

  /// A line above the turns: which model, which condition, which measurement.
  public var heading: String
  /// The turns in order.
  public var turns: [Turn]

  public init(heading: String = "", turns: [Turn]) {
    self.heading = heading
    self.turns = turns
  }

  /// The transcript as a block of the page.
  public var node: Node {
    .element(
      .div, [.class: "transcript"],
      (heading.isEmpty ? [] : [.element(.p, [.class: "heading"], [.text(heading)])])
        + turns.map { turn in
          .element(
            .div, [.class: turn.isMarked ? "turn marked" : "turn"],
            [
              .element(.span, [.class: "role"], [.text(turn.role)]),
              .modelText(turn.text),
            ])
        })
  }
}
