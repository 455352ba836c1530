import Foundation

/// Objectives as weights on token log-probabilities.
///
/// If an objective J(θ) depends on the model only through log-probabilities l_i, its gradient is
/// Σ_i (∂J/∂l_i) ∇l_i. This is the gradient of a weighted sum with the weights ∂J/∂l_i at the
/// present θ. So the weights are computed from present log-probabilities, and training needs
/// weighted sums only. All losses are minimised; all arithmetic is in double precision.
public enum Objective {
  /// Direct preference optimisation of one pair (Rafailov et al. 2023, arXiv:2305.18290, equation 7):
  /// -log σ(β z), z = (l_w - r_w) - (l_l - r_l), over whole responses' log-probabilities l under the
  /// policy and r under the reference, of the chosen response w and the rejected one l.
  ///
  /// Without a reference and with β = 1 it is the Bradley-Terry loss of scores l.
  ///
  /// - Returns: the loss; its derivative by l_w, which is minus that by l_l; whether z > 0.
  public static func preference(
    chosen: Double, rejected: Double, reference: (chosen: Double, rejected: Double) = (0, 0),
    beta: Double = 1
  ) -> (loss: Double, chosenWeight: Double, isRight: Bool) {
    let z = (chosen - reference.chosen) - (rejected - reference.rejected)
    let x = beta * z
    // log(1 + e^-x) and 1/(1 + e^x), both computed from an exponential that cannot overflow.
    let small = exp(-abs(x))
    return (
      max(-x, 0) + log1p(small), -beta * (x > 0 ? small : 1) / (1 + small), z > 0
    )
  }

  /// Advantages of answers among the answers to the same prompt: (r - mean) / standard deviation,
  /// over consecutive groups of `size` (Shao et al. 2024, arXiv:2402.03300). They are 0 if all
  /// rewards of a group are equal.
  public static func groupAdvantages(_ rewards: [Double], size: Int) -> [Double] {
    precondition(
      size > 0 && rewards.count % size == 0, "\(rewards.count) rewards in groups of \(size)")
    return stride(from: 0, to: rewards.count, by: size).flatMap { first in
      let group = rewards[first..<first + size]
      let mean = group.reduce(0, +) / Double(size)
      let deviation = (group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(size))
        .squareRoot()
      return group.map { deviation > 1e-9 ? ($0 - mean) / deviation : 0 }
    }
  }

  /// One token of a clipped policy gradient with a penalty on the distance to a reference
  /// (Schulman et al. 2017, arXiv:1707.06347, equation 7; the penalty as in Shao et al. 2024, equation 4):
  /// -min(ρ A, clip(ρ, 1 - ε, 1 + ε) A) + β (e^(r-l) - (r - l) - 1), ρ = e^(l-o), of the
  /// log-probabilities l under the policy, o under the policy that drew the token, r under the reference.
  ///
  /// - Returns: the loss, and its derivative by l.
  public static func policyGradient(
    _ logProbability: Double, drawn: Double, reference: Double, advantage: Double,
    clip: Double, klPenalty: Double
  ) -> (loss: Double, weight: Double) {
    let ratio = exp(logProbability - drawn)
    let clipped = min(max(ratio, 1 - clip), 1 + clip)
    let isClipped = clipped * advantage < ratio * advantage
    let excess = exp(reference - logProbability)
    return (
      -min(ratio * advantage, clipped * advantage)
        + klPenalty * (excess - (reference - logProbability) - 1),
      (isClipped ? 0 : -ratio * advantage) + klPenalty * (1 - excess)
    )
  }
}
