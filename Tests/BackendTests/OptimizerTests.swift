import Conformance
import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct OptimizerTests {
    /// The first step from zero moments moves every parameter by the learning rate against the sign
    /// of its gradient (Kingma & Ba 2015, section 2.1), whatever the gradient's size.
    @Test(arguments: availableBackends)
    func firstStepIsTheLearningRate(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let gradients: [Float] = [1, -1, 100, -0.01, 3e4, 0]
      let parameters = try backend.zeros([1, 6])
      let settings = AdamWSettings()
      try backend.adamW(
        parameters: parameters, gradients: try backend.tensor(gradients, [1, 6]),
        firstMoment: try backend.zeros([1, 6]), secondMoment: try backend.zeros([1, 6]),
        control: try backend.tensor([1, 0.5, 1 / (1 - 0.9), 1 / (1 - 0.95), 0.1], [1, 5]),
        settings: settings, decayed: 6)
      for (value, expected) in zip(
        try parameters.floats(), [-0.5, 0.5, -0.5, 0.5, -0.5, 0] as [Float])
      {
        #expect(abs(value - expected) < 1e-5)
      }
    }

    /// A replica whose norm is not finite keeps its parameters and moments to the byte, now and in
    /// the steps that follow, and its neighbour trains on.
    @Test(arguments: availableBackends)
    func notFiniteLatches(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let count = 77
      var numbers = TestNumbers(seed: 8300)
      for bad in [Float.nan, .infinity, 3e38] {
        let start = numbers.normals(2 * count)
        var gradients = numbers.normals(2 * count)
        gradients[count + 40] = bad
        let parameters = try backend.tensor(start, [2, count])
        let first = try backend.zeros([2, count])
        let second = try backend.zeros([2, count])
        let gradient = try backend.tensor(gradients, [2, count])
        let norm = try backend.empty([2])
        let loss = try backend.tensor([1, 1] as [Float], [2])
        let steps = try backend.zeros([2], .int32)
        let active = try backend.tensor([1, 1] as [Int32], [2])
        let control = try backend.empty([2, 5])
        let schedule = try backend.tensor(
          [Float](repeating: 0.5, count: 2 * 5 * 4), [2, 5, 4])
        for step in 1...3 {
          try backend.sumOfSquares(gradient, into: norm)
          try backend.gateUpdate(
            loss: loss, squaredNorm: norm, schedule: schedule, clip: 1, steps: steps,
            active: active, control: control)
          try backend.adamW(
            parameters: parameters, gradients: gradient, firstMoment: first, secondMoment: second,
            control: control, settings: AdamWSettings(), decayed: count)
          #expect(try active.integers() == [1, -1])
          #expect(try steps.integers() == [Int32(step), 0])
          // From the second step on the gradient is finite again; the latch holds.
          gradients[count + 40] = 1
          try gradient.assign(gradients)
        }
        let end = try parameters.floats()
        expectSame(
          end[count...].map(\.bitPattern), start[count...].map(\.bitPattern), "latched parameters")
        #expect(zip(end, start).prefix(count).allSatisfy { $0 != $1 && $0.isFinite })
        #expect(try first.floats()[count...].allSatisfy { $0.bitPattern == 0 })
        #expect(try second.floats()[count...].allSatisfy { $0.bitPattern == 0 })
      }
    }
  }
}
