/// Clipping by global norm and the steps of optimizers, per replica, with every changing number on the
/// device.
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
  /// schedule[r, i, 0...3]) and steps[r] += 1. Otherwise control[r] = (-1, 0, 0, 0, 0): no update; and where
  /// active[r] was 1 and a number is not finite active[r] becomes -1, also after the last step: latched,
  /// a result to report.
  ///
  /// - Parameters:
  ///   - loss, squaredNorm: (R).
  ///   - schedule: (R, S, 4): learning rate, 1/(1 - beta1^t), 1/(1 - beta2^t) with t = i + 1, and
  ///     weight decay.
  ///   - steps, active: (R) int32, updated.
  ///   - control: (R, 5).
  func gateUpdate(
    loss: Tensor, squaredNorm: Tensor, schedule: Tensor, clip: Float, steps: Tensor,
    active: Tensor, control: Tensor) throws

  /// One step of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) where control[r, 0] >= 0.
  ///
  /// g = control[r, 0] · gradient; m = β1 m + (1-β1) g; v = β2 v + (1-β2) g²;
  /// θ = θ - lr·λ·θ (only the first `decayed` parameters) - lr · (m · c1) / (√(v · c2) + ε),
  /// with lr, c1, c2, λ = control[r, 1...4].
  ///
  /// - Parameters:
  ///   - parameters, gradients, firstMoment, secondMoment: (R, P).
  func adamW(
    parameters: Tensor, gradients: Tensor, firstMoment: Tensor, secondMoment: Tensor,
    control: Tensor, settings: AdamWSettings, decayed: Int) throws

  /// One step of gradient descent with momentum as PyTorch defines it (heavy ball, the learning rate
  /// outside of the momentum), and weight decay beside it as in AdamW, where control[r, 0] >= 0.
  ///
  /// g = control[r, 0] · gradient; m = μ m + g; θ = θ - lr·λ·θ (only the first `decayed`) - lr · m,
  /// with lr = control[r, 1] and λ = control[r, 4].
  ///
  /// - Parameters:
  ///   - parameters, gradients, momentum: (R, P).
  func sgd(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor, settings: SGDSettings,
    decayed: Int) throws
}
