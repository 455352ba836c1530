/// The constants of AdamW, by the paper's names.
public struct AdamWSettings: Hashable, Sendable, Codable {
  public var beta1: Float
  public var beta2: Float
  public var epsilon: Float
  /// Of the replicas that have none of their own.
  public var weightDecay: Float
  /// The largest global norm of a replica's gradient; larger ones are scaled down to it.
  public var clip: Float

  public init(
    beta1: Float = 0.9, beta2: Float = 0.95, epsilon: Float = 1e-8, weightDecay: Float = 0.1,
    clip: Float = 1
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.clip = clip
  }
}

/// The constants of stochastic gradient descent with momentum.
public struct SGDSettings: Hashable, Sendable, Codable {
  /// μ: what remains of the sum of earlier gradients at each step.
  public var momentum: Float
  /// Decoupled from the gradient, as AdamW's; PyTorch's is coupled: added to the gradient.
  public var weightDecay: Float
  /// The largest global norm of a replica's gradient; larger ones are scaled down to it.
  public var clip: Float

  public init(momentum: Float = 0.9, weightDecay: Float = 0, clip: Float = 1) {
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.clip = clip
  }
}

/// An optimizer and its constants.
public enum OptimizerSettings: Hashable, Sendable {
  case adamW(AdamWSettings)
  case sgd(SGDSettings)

  public var clip: Float {
    switch self {
    case .adamW(let settings): settings.clip
    case .sgd(let settings): settings.clip
    }
  }

  public var weightDecay: Float {
    switch self {
    case .adamW(let settings): settings.weightDecay
    case .sgd(let settings): settings.weightDecay
    }
  }

  /// β1 and β2 of the moments whose means are corrected for their zeros at the start; 0 where none is.
  public var betas: [Float] {
    switch self {
    case .adamW(let settings): [settings.beta1, settings.beta2]
    case .sgd: [0, 0]
    }
  }
}

/// AdamW is encoded as its settings alone, as stages were before there were others, so that their
/// fingerprints stay; any other under its name.
extension OptimizerSettings: Codable {
  private enum CodingKeys: String, CodingKey { case sgd }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    if let settings = try values.decodeIfPresent(SGDSettings.self, forKey: .sgd) {
      self = .sgd(settings)
    } else {
      self = .adamW(try AdamWSettings(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    if case .adamW(let settings) = self { return try settings.encode(to: encoder) }
    var values = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .adamW: break
    case .sgd(let settings): try values.encode(settings, forKey: .sgd)
    }
  }
}
