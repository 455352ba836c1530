import Foundation

/// A learning rate as a function of the step.
public enum Schedule: Hashable, Sendable, Codable {
  /// peak · min(1, (step + 1) / warmup).
  case constant(peak: Double, warmup: Int)
  /// As `constant` while warming up, then peak · (f + (1 - f) · (1 + cos π x) / 2), x from 0 to 1 over
  /// the remaining steps, f the final fraction (Loshchilov & Hutter 2017, arXiv:1608.03983).
  case cosine(peak: Double, warmup: Int, steps: Int, finalFraction: Double)

  /// The rate at a step, counted from 0.
  public func callAsFunction(_ step: Int) -> Double {
    switch self {
    case .constant(let peak, let warmup):
      return peak * min(1, Double(step + 1) / Double(max(warmup, 1)))
    case .cosine(let peak, let warmup, let steps, let finalFraction):
      if step < warmup { return peak * Double(step + 1) / Double(warmup) }
      let x = Double(step - warmup) / Double(max(steps - warmup, 1))
      return peak * (finalFraction + (1 - finalFraction) * (1 + cos(Double.pi * min(x, 1))) / 2)
    }
  }

  /// The numbers that the device reads at each step: rate, 1/(1 - beta1^t), 1/(1 - beta2^t), t =
  /// step + 1, and decay.
  ///
  /// The powers are computed in double precision: in float, 1 - 0.999^1 has only 13 correct bits.
  func table(steps: Int, betas: [Float], weightDecay: Float) -> [Float] {
    var table: [Float] = []
    table.reserveCapacity(4 * steps)
    for step in 0..<steps {
      table.append(Float(self(step)))
      for beta in betas {
        table.append(Float(1 / (1 - pow(Double(beta), Double(step + 1)))))
      }
      table.append(weightDecay)
    }
    return table
  }
}
