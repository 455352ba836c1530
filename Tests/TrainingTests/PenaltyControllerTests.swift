import Testing
import Training

@Suite struct PenaltyControllerTests {
  let controller = PenaltyController(target: 2)

  /// β (1 + 0.1 clip(D / 2 - 1, -0.2, 0.2)), computed by hand.
  @Test(arguments: [
    (divergence: 2.0, factor: 1.0),
    (divergence: 2.2, factor: 1.01),
    (divergence: 1.8, factor: 0.99),
    (divergence: 2.1, factor: 1.005),
    (divergence: 2.4, factor: 1.02),
    (divergence: 50, factor: 1.02),
    (divergence: 1.6, factor: 0.98),
    // The estimate of a divergence near 0 can be below 0.
    (divergence: -3, factor: 0.98),
  ])
  func thePenaltyFollowsTheError(_ divergence: Double, _ factor: Double) {
    #expect(abs(controller.next(after: 0.5, divergence: divergence) - 0.5 * factor) < 1e-15)
  }

  @Test func thePenaltyStaysInItsBounds() {
    let bounds = PenaltyController.bounds
    #expect(controller.next(after: bounds.upperBound, divergence: 9) == bounds.upperBound)
    #expect(controller.next(after: bounds.lowerBound, divergence: 0) == bounds.lowerBound)
    #expect(controller.next(after: bounds.upperBound, divergence: 0) == bounds.upperBound * 0.98)
  }

  /// A broken policy has no divergence, and the penalty of its row has to stay a number.
  @Test func aDivergenceThatIsNotFiniteChangesNothing() {
    for value in [Double.nan, .infinity, -.infinity] {
      #expect(controller.next(after: 0.3, divergence: value) == 0.3)
    }
  }

  /// Where a larger penalty means a smaller divergence, D = 1 / β, it comes to the target.
  @Test func theDivergenceComesToTheTarget() {
    for start in [0.02, 5.0] {
      var penalty = start
      for _ in 0..<400 { penalty = controller.next(after: penalty, divergence: 1 / penalty) }
      #expect(abs(1 / penalty - 2) < 0.01)
    }
  }
}
