/// A controller of the penalty on the divergence from a reference. It holds the measured divergence
/// near a target (Ziegler et al. 2019, arXiv:1909.08593, section 2.2).
///
/// e = clip(D / D* - 1, -0.2, 0.2), β' = β (1 + 0.1 e), of the penalty β, the measured divergence D and
/// the target D*. So the penalty changes by at most 2 % at a time.
public struct PenaltyController: Hashable, Sendable {
  /// D*: nats per response, above 0.
  public var target: Double

  /// The most of the relative error that counts.
  static let mostError = 0.2
  /// The change of the penalty for a relative error of 1.
  static let gain = 0.1
  /// The penalties that it may set. Without bounds it would take long to come back from a penalty
  /// that had no effect.
  public static let bounds = 1e-3...10.0

  public init(target: Double) { self.target = target }

  /// The penalty after responses of a policy with a measured divergence.
  ///
  /// - Parameter divergence: nats per response. The penalty stays where it is not finite.
  public func next(after penalty: Double, divergence: Double) -> Double {
    guard divergence.isFinite else { return penalty }
    let error = min(max(divergence / target - 1, -Self.mostError), Self.mostError)
    let next = penalty * (1 + Self.gain * error)
    return min(max(next, Self.bounds.lowerBound), Self.bounds.upperBound)
  }
}
