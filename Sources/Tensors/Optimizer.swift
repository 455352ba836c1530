/// Clipping by global norm and AdamW, per replica, with every changing number on the device.
public protocol OptimizerOperations: AnyObject {
  /// output[r] = Σ_p values[r, p]², summed in a fixed order.
  ///
  /// - Parameters:
  ///   - values: (R, ...).
  ///   - output: (R).
  func sumOfSquares(_ values: Tensor, into output: Tensor) throws

  /// Decides each replica's update and advances its step.
  ///
  /// Replica r at step i = steps[r] (0-based) is updated when active[r] = 1, i < S, and both
  /// loss[r] and squaredNorm[r] are finite; then control[r] = (min(1, clip/√squaredNorm),
  /// schedule[r, i, 0...2]) and steps[r] += 1. Otherwise control[r] = (-1, 0, 0, 0): no update; and where
  /// active[r] was 1 and a number is not finite active[r] becomes -1, also after the last step: latched,
  /// a result to report.
  ///
  /// - Parameters:
  ///   - loss, squaredNorm: (R).
  ///   - schedule: (R, S, 3): learning rate, 1/(1 - beta1^t), 1/(1 - beta2^t) with t = i + 1.
  ///   - steps, active: (R) int32, updated.
  ///   - control: (R, 4).
  func gateUpdate(
    loss: Tensor, squaredNorm: Tensor, schedule: Tensor, clip: Float, steps: Tensor,
    active: Tensor, control: Tensor) throws

  /// One step of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) where control[r, 0] >= 0.
  ///
  /// g = control[r, 0] · gradient; m = β1 m + (1-β1) g; v = β2 v + (1-β2) g²;
  /// θ = θ - lr·λ·θ (only the first `decayed` parameters) - lr · (m · c1) / (√(v · c2) + ε),
  /// with lr, c1, c2 = control[r, 1...3].
  ///
  /// - Parameters:
  ///   - parameters, gradients, firstMoment, secondMoment: (R, P).
  func adamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    control: Tensor, settings: AdamWSettings, decayed: Int) throws
}

/// The constants of AdamW, by the paper's names.
public struct AdamWSettings: Hashable, Sendable, Codable {
  public var beta1: Float
  public var beta2: Float
  public var epsilon: Float
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
