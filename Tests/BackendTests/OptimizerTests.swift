import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct OptimizerTests {
    /// Replicas and parameters per replica.
    static let sizes: [(Int, Int)] = [
      (1, 1), (2, 2), (3, 7), (1, 8), (2, 15), (3, 17), (1, 33), (2, 64), (3, 129), (2, 257),
      (1, 4099), (2, 70001),
    ]

    @Test(arguments: availableBackends)
    func sumOfSquares(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, count)) in Self.sizes.enumerated() {
        try Trace.with("seed = \(8000 + number), \(replicas) x \(count)") {
          var numbers = TestNumbers(seed: 8000 + number)
          let values = numbers.awkward(replicas * count)
          let tensors = GuardedTensors(backend, layout: layout(number))
          let output = try tensors.output([replicas])
          try backend.sumOfSquares(try tensors.input(values, [replicas, count]), into: output)
          expectWithin(
            try output.floats(), Oracle.sumOfSquares(values.doubles, replicas: replicas),
            "sumOfSquares", mostlyZero: count == 1)
          try tensors.verify()
        }
      }
    }

    @Test(arguments: availableBackends)
    func adamW(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, count)) in Self.sizes.enumerated() {
        for decayed in Set([0, count / 2, count]).sorted() {
          try Trace.with("seed = \(8100 + number), \(replicas) x \(count), decayed \(decayed)") {
            var numbers = TestNumbers(seed: 8100 + number)
            let size = replicas * count
            let settings = AdamWSettings(
              beta1: number % 2 == 0 ? 0.9 : 0.8, beta2: number % 3 == 0 ? 0.95 : 0.999)
            let state = Oracle.AdamWState(
              parameters: numbers.normals(size), firstMoment: numbers.normals(size, scale: 0.1),
              secondMoment: numbers.normals(size, scale: 0.1).map { $0 * $0 })
            let gradients = numbers.awkward(size)
            // The second replica is not updated.
            let control = (0..<replicas).flatMap { r -> [Float] in
              r == 1 ? [-1, .nan, .nan, .nan, .nan] : [r == 0 ? 1 : 0.3, 3e-3, 1.7, 4.2, 0.1]
            }
            let tensors = GuardedTensors(backend, layout: layout(number))
            let shape: Shape = [replicas, count]
            let parameters = try tensors.updated(state.parameters, shape)
            let first = try tensors.updated(state.firstMoment, shape)
            let second = try tensors.updated(state.secondMoment, shape)
            try backend.adamW(
              parameters: parameters, gradients: try tensors.input(gradients, shape),
              firstMoment: first, secondMoment: second,
              control: try tensors.input(control, [replicas, 5]), settings: settings,
              decayed: decayed)
            let expected = Oracle.adamW(
              Oracle.AdamWState(
                parameters: state.parameters.doubles, firstMoment: state.firstMoment.doubles,
                secondMoment: state.secondMoment.doubles), gradients: gradients.doubles,
              control: control.doubles, settings: settings, decayed: decayed)
            expectWithin(try parameters.floats(), expected.parameters, "parameters")
            expectWithin(try first.floats(), expected.firstMoment, "first moment")
            expectWithin(try second.floats(), expected.secondMoment, "second moment")
            try tensors.verify()
          }
        }
      }
    }

    @Test(arguments: availableBackends)
    func sgd(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, count)) in Self.sizes.enumerated() {
        for decayed in Set([0, count / 2, count]).sorted() {
          try Trace.with("seed = \(8400 + number), \(replicas) x \(count), decayed \(decayed)") {
            var numbers = TestNumbers(seed: 8400 + number)
            let size = replicas * count
            let settings = SGDSettings(momentum: number % 2 == 0 ? 0.9 : 0)
            let (start, moment) = (numbers.normals(size), numbers.normals(size))
            let gradients = numbers.awkward(size)
            // The second replica is not updated.
            let control = (0..<replicas).flatMap { r -> [Float] in
              r == 1
                ? [-1, .nan, .nan, .nan, .nan] : [r == 0 ? 1 : 0.3, 0.05, .nan, .nan, 0.1]
            }
            let tensors = GuardedTensors(backend, layout: layout(number))
            let shape: Shape = [replicas, count]
            let parameters = try tensors.updated(start, shape)
            let momentum = try tensors.updated(moment, shape)
            try backend.sgd(
              parameters: parameters, gradients: try tensors.input(gradients, shape),
              momentum: momentum, control: try tensors.input(control, [replicas, 5]),
              settings: settings, decayed: decayed)
            let expected = Oracle.sgd(
              start.doubles, momentum: moment.doubles, gradients: gradients.doubles,
              control: control.doubles, settings: settings, decayed: decayed)
            expectWithin(try parameters.floats(), expected.parameters, "parameters")
            expectWithin(try momentum.floats(), expected.momentum, "momentum")
            try tensors.verify()
          }
        }
      }
    }

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

    /// Replicas: updated, clipped, inactive, latched, exhausted, loss NaN, loss inf, norm NaN, norm
    /// inf, zero gradient, last step of the schedule, latched before with bad numbers.
    @Test(arguments: availableBackends)
    func gateUpdate(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let infinity = Float.infinity
      let loss: [Float] = [1, 2, 3, 4, 5, .nan, infinity, 1, -1, 0, 7, .nan]
      let norm: [Float] = [0.25, 100, 1, 1, 1, 1, 1, .nan, infinity, 0, 4, infinity]
      let steps: [Int32] = [0, 1, 1, 0, 3, 0, 1, 2, 1, 1, 2, 1]
      let active: [Int32] = [1, 1, 0, -1, 1, 1, 1, 1, 1, 1, 1, -1]
      var numbers = TestNumbers(seed: 8200)
      let schedule = numbers.uniforms(12 * 3 * 4)
      let expected = Oracle.gateUpdate(
        loss: loss, squaredNorm: norm, schedule: schedule, clip: 0.7, steps: steps,
        active: active)
      #expect(expected.steps == [1, 2, 1, 0, 3, 0, 1, 2, 1, 2, 3, 1])
      #expect(expected.active == [1, 1, 0, -1, 1, -1, -1, -1, -1, 1, 1, -1])
      #expect(expected.control.values[0] == 1 && expected.control.values[45] == 1)
      #expect(abs(expected.control.values[5] - 0.07) < 1e-7)
      for form in GuardedTensors.Layout.allCases {
        try Trace.with("\(form)") {
          let tensors = GuardedTensors(backend, layout: form)
          let control = try tensors.updated([Float](repeating: 9, count: 60), [12, 5])
          let stepTensor = try tensors.updated(steps, [12])
          let activeTensor = try tensors.updated(active, [12])
          try backend.gateUpdate(
            loss: try tensors.input(loss, [12]), squaredNorm: try tensors.input(norm, [12]),
            schedule: try tensors.input(schedule, [12, 3, 4]), clip: 0.7, steps: stepTensor,
            active: activeTensor, control: control)
          expectWithin(try control.floats(), expected.control, "control")
          expectEqual(try stepTensor.integers(), expected.steps, "steps")
          expectEqual(try activeTensor.integers(), expected.active, "active")
          try tensors.verify()
        }
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
