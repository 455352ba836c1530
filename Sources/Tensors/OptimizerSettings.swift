/// The constants of AdamW, by the paper's names.
public struct AdamWSettings: Hashable, Sendable, Codable {
  public var beta1: Float
  public var beta2: Float
  public var epsilon: Float
  /// The weight decay of replicas without their own value.
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
  /// μ: the factor of the sum of earlier gradients at each step.
  public var momentum: Float
  /// Weight decay, decoupled from the gradient as in AdamW. In PyTorch's SGD it is added to the
  /// gradient.
  public var weightDecay: Float
  /// The largest global norm of a replica's gradient; larger ones are scaled down to it.
  public var clip: Float

  public init(momentum: Float = 0.9, weightDecay: Float = 0, clip: Float = 1) {
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.clip = clip
  }
}

/// The constants of Muon (Jordan et al. 2024) for the matrices of the blocks, and of AdamW for
/// everything else: embedding, output and norms.
public struct MuonSettings: Hashable, Sendable, Codable {
  /// The step of a matrix (M, N) along its orthogonalized direction, as a multiple of the learning
  /// rate.
  public enum Scale: String, Hashable, Sendable, Codable {
    /// √max(1, M/N), as in Jordan et al.
    case original
    /// 0.2 √max(M, N): a step as large as AdamW's, so that AdamW's learning rates can be used (Liu
    /// et al. 2025, arXiv:2502.16982).
    case matchingAdamW

    /// The factor of a matrix's learning rate.
    public func callAsFunction(rows: Int, columns: Int) -> Double {
      switch self {
      case .original: max(1, Double(rows) / Double(columns)).squareRoot()
      case .matchingAdamW: 0.2 * Double(max(rows, columns)).squareRoot()
      }
    }
  }

  public var momentum: Float
  public var scale: Scale
  /// The learning rate of the matrices divided by the replica's learning rate, which is AdamW's.
  public var learningRateRatio: Float
  /// The constants of AdamW's part. Weight decay and the clip apply to all parameters.
  public var adamW: AdamWSettings

  public init(
    momentum: Float = 0.95, scale: Scale = .matchingAdamW, learningRateRatio: Float = 1,
    adamW: AdamWSettings = AdamWSettings()
  ) {
    self.momentum = momentum
    self.scale = scale
    self.learningRateRatio = learningRateRatio
    self.adamW = adamW
  }
}

/// An optimizer and its constants.
public enum OptimizerSettings: Hashable, Sendable {
  case adamW(AdamWSettings)
  case sgd(SGDSettings)
  case muon(MuonSettings)

  public var clip: Float {
    switch self {
    case .adamW(let settings): settings.clip
    case .sgd(let settings): settings.clip
    case .muon(let settings): settings.adamW.clip
    }
  }

  public var weightDecay: Float {
    switch self {
    case .adamW(let settings): settings.weightDecay
    case .sgd(let settings): settings.weightDecay
    case .muon(let settings): settings.adamW.weightDecay
    }
  }

  /// β1 and β2 of the moments that get a bias correction; 0 for a moment without correction.
  public var betas: [Float] {
    switch self {
    case .adamW(let settings): [settings.beta1, settings.beta2]
    case .sgd: [0, 0]
    case .muon(let settings): [settings.adamW.beta1, settings.adamW.beta2]
    }
  }
}

/// AdamW is encoded as its settings alone, and any other optimizer under its name. AdamW was the
/// first optimizer, and its stages keep their fingerprints.
extension OptimizerSettings: Codable {
  private enum CodingKeys: String, CodingKey { case sgd, muon }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    if let settings = try values.decodeIfPresent(SGDSettings.self, forKey: .sgd) {
      self = .sgd(settings)
    } else if let settings = try values.decodeIfPresent(MuonSettings.self, forKey: .muon) {
      self = .muon(settings)
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
    case .muon(let settings): try values.encode(settings, forKey: .muon)
    }
  }
}
