import Conformance
import Foundation
import TestSupport
import Testing
import Training

/// Objectives' weights against central differences of their losses.
@Suite struct ObjectiveTests {
  /// Derivative by a five-point rule, error of the order h⁴.
  private func derivative(_ f: (Double) -> Double, at x: Double) -> Double {
    let h = 1e-3
    return (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * h)
  }

  @Test func preferenceWeightsAreItsDerivative() {
    var numbers = TestNumbers(seed: 60_001)
    for _ in 0..<200 {
      let values = numbers.normals(4, scale: 8).map { Double($0) }
      let beta = Double(numbers.uniforms(1)[0]) + 0.05
      let reference = (chosen: values[2], rejected: values[3])
      func loss(_ chosen: Double, _ rejected: Double) -> Double {
        Objective.preference(
          chosen: chosen, rejected: rejected, reference: reference, beta: beta
        ).loss
      }
      let outcome = Objective.preference(
        chosen: values[0], rejected: values[1], reference: reference, beta: beta)
      let byChosen = derivative({ loss($0, values[1]) }, at: values[0])
      let byRejected = derivative({ loss(values[0], $0) }, at: values[1])
      #expect(abs(outcome.chosenWeight - byChosen) < 1e-8)
      #expect(abs(-outcome.chosenWeight - byRejected) < 1e-8)
      // -log σ(βz), the definition.
      let z = (values[0] - values[2]) - (values[1] - values[3])
      #expect(abs(outcome.loss + log(1 / (1 + exp(-beta * z)))) < 1e-9 * (1 + outcome.loss))
      #expect(outcome.isRight == (z > 0))
    }
  }

  @Test func preferenceOfFarScoresIsFinite() {
    for z in [-1e4, -800, 0, 800, 1e4] {
      let outcome = Objective.preference(chosen: z, rejected: 0)
      #expect(outcome.loss.isFinite && outcome.chosenWeight.isFinite)
      #expect(abs(outcome.loss - max(-z, 0)) <= log(2) + 1e-12)
      #expect(outcome.chosenWeight <= 0 && outcome.chosenWeight >= -1)
    }
  }

  @Test func policyGradientWeightsAreItsDerivative() {
    var numbers = TestNumbers(seed: 60_002)
    var (clipped, free) = (0, 0)
    for _ in 0..<400 {
      let values = numbers.normals(4, scale: 0.3).map { Double($0) }
      let (l, drawn, reference, advantage) = (
        values[0] - 2, values[1] - 2, values[2] - 2, 3 * values[3]
      )
      func loss(_ l: Double) -> (loss: Double, weight: Double) {
        Objective.policyGradient(
          l, drawn: drawn, reference: reference, advantage: advantage, clip: 0.2, klPenalty: 0.05)
      }
      // Where the clip begins there is no derivative.
      let ratio = exp(l - drawn)
      if abs(ratio - 0.8) < 0.01 || abs(ratio - 1.2) < 0.01 { continue }
      #expect(abs(loss(l).weight - derivative({ loss($0).loss }, at: l)) < 1e-7)
      let isClipped = (ratio > 1.2 && advantage > 0) || (ratio < 0.8 && advantage < 0)
      if isClipped { clipped += 1 } else { free += 1 }
      let penalty = 0.05 * (1 - exp(reference - l))
      #expect(isClipped == (loss(l).weight == penalty))
    }
    #expect(clipped > 30 && free > 30)
  }

  /// At the policy that drew the tokens it is the plain policy gradient.
  @Test func theFirstUpdateIsThePlainGradient() {
    let outcome = Objective.policyGradient(
      -1.5, drawn: -1.5, reference: -1.5, advantage: 0.7, clip: 0.2, klPenalty: 0.1)
    #expect(outcome.weight == -0.7)
  }

  @Test func advantagesAreOfTheirGroup() {
    let advantages = Objective.groupAdvantages([1, 3, 5, 5, 2, 2], size: 2)
    #expect(advantages == [-1, 1, 0, 0, 0, 0])
    let many = Objective.groupAdvantages([0, 1, 2, 3, 10, 10, 10, 14], size: 4)
    #expect(abs(many[..<4].reduce(0, +)) < 1e-12)
    #expect(abs(many[..<4].reduce(0) { $0 + $1 * $1 } - 4) < 1e-12)
    #expect(many[7] > 1.7)
  }
}
