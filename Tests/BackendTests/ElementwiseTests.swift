import Tensors
import TestSupport
import Testing

extension BackendTests {
  @Suite struct ElementwiseTests {
    /// Replicas, rows, width.
    static let sizes: [(Int, Int, Int)] = [
      (1, 1, 1), (2, 1, 2), (3, 2, 7), (1, 7, 8), (2, 8, 15), (3, 15, 16), (1, 16, 17),
      (2, 17, 31), (3, 31, 33), (1, 33, 63), (2, 63, 64), (1, 64, 65), (3, 5, 97), (1, 129, 129),
      (2, 3, 257), (1, 4099, 3), (1, 2, 4099),
    ]

    /// Gates and values: gates from the middle of the sigmoid to where e^-gate overflows.
    static func gateAndUp(_ rows: Int, _ width: Int, _ numbers: inout TestNumbers) -> [Float] {
      numbers.normals(2 * rows * width).enumerated().map { index, value in
        switch index % 11 {
        case 3: 10 * value
        case 7: 50 * value
        default: value
        }
      }
    }

    /// Which input the output is.
    enum Output: CaseIterable {
      case another
      case left
      case right
    }

    @Test(arguments: availableBackends)
    func add(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, rows, width)) in Self.sizes.enumerated() {
        for place in Output.allCases {
          try Trace.with(
            "seed = \(5000 + number), R = \(replicas), \(rows) x \(width), output \(place)"
          ) {
            var numbers = TestNumbers(seed: 5000 + number)
            let shape: Shape = [replicas, rows, width]
            let (left, right) = (
              numbers.awkward(shape.elementCount), numbers.awkward(shape.elementCount)
            )
            let tensors = GuardedTensors(backend, layout: layout(number))
            let a =
              place == .left ? try tensors.updated(left, shape) : try tensors.input(left, shape)
            let b =
              place == .right
              ? try tensors.updated(right, shape) : try tensors.input(right, shape)
            let output = place == .left ? a : place == .right ? b : try tensors.output(shape)
            try backend.add(a, b, into: output)
            expectWithin(try output.floats(), Oracle.add(left.doubles, right.doubles), "add")
            try tensors.verify()
          }
        }
      }
    }

    @Test(arguments: availableBackends)
    func addOfSpecials(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let output = try backend.empty([1, 6])
      try backend.add(
        try backend.tensor([.infinity, .infinity, .nan, -0.0, 3e38, 1], [1, 6]),
        try backend.tensor([1, -.infinity, 1, -0.0, 3e38, -1], [1, 6]), into: output)
      let values = try output.floats()
      #expect(values[0] == .infinity)
      #expect(values[1].isNaN && values[2].isNaN)
      #expect(values[3] == 0 && values[3].sign == .minus)
      #expect(values[4] == .infinity)
      #expect(values[5] == 0 && values[5].sign == .plus)
    }

    /// Every exponent and every kept significand, exactly between two, beside it, and at random.
    @Test(arguments: availableBackends)
    func roundToBFloat16(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      var numbers = TestNumbers(seed: 5050)
      let low: [UInt32] =
        [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff]
        + numbers.integers(2, in: 0..<0x10000).map { UInt32($0) }
      for part in low {
        let values = (0..<UInt32(1 << 16)).map { Float(bitPattern: $0 << 16 | part) }
        let tensors = GuardedTensors(backend, layout: layout(Int(part)))
        let output = try tensors.output([1, 1, 1 << 16])
        try backend.roundToBFloat16(try tensors.input(values, [1, 1, 1 << 16]), into: output)
        let rounded = try output.floats()
        let wrong = zip(values, rounded).filter { value, result in
          value.isNaN
            ? !result.isNaN || result.bitPattern & 0xffff != 0
            : result.bitPattern != Oracle.roundedToBFloat16(value).bitPattern
        }
        #expect(wrong.isEmpty, "low bits \(part): \(wrong.prefix(3))")
        try tensors.verify()
      }
    }

    @Test(arguments: availableBackends)
    func swiGLU(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, rows, width)) in Self.sizes.enumerated() {
        try Trace.with("seed = \(5100 + number), R = \(replicas), rows \(rows), F = \(width)") {
          var numbers = TestNumbers(seed: 5100 + number)
          let input = Self.gateAndUp(replicas * rows, width, &numbers)
          let tensors = GuardedTensors(backend, layout: layout(number))
          let output = try tensors.output([replicas, rows, width])
          try backend.swiGLU(
            try tensors.input(input, [replicas, rows, 2 * width]), into: output)
          expectWithin(
            try output.floats(), Oracle.swiGLU(input.doubles, width: width), "swiGLU")
          try tensors.verify()
        }
      }
    }

    @Test(arguments: availableBackends)
    func swiGLUGradient(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      for (number, (replicas, rows, width)) in Self.sizes.enumerated() {
        for isInPlace in [false, true] {
          try Trace.with(
            "seed = \(5200 + number), R = \(replicas), rows \(rows), F = \(width), \(isInPlace)"
          ) {
            var numbers = TestNumbers(seed: 5200 + number)
            let input = Self.gateAndUp(replicas * rows, width, &numbers)
            let upstream = numbers.normals(replicas * rows * width)
            let shape: Shape = [replicas, rows, 2 * width]
            let tensors = GuardedTensors(backend, layout: layout(number))
            let gateAndUp =
              isInPlace ? try tensors.updated(input, shape) : try tensors.input(input, shape)
            let gradient = isInPlace ? gateAndUp : try tensors.output(shape)
            try backend.swiGLUGradient(
              gateAndUp, outputGradient: try tensors.input(upstream, [replicas, rows, width]),
              into: gradient)
            expectWithin(
              try gradient.floats(),
              Oracle.swiGLUGradient(
                input.doubles, outputGradient: upstream.doubles, width: width),
              "swiGLU gradient")
            try tensors.verify()
          }
        }
      }
    }

    /// Gates so large that a sigmoid written carelessly is infinite over infinite.
    @Test(arguments: availableBackends)
    func swiGLUOfLargeGates(_ choice: BackendChoice) throws {
      let backend = try SharedBackends.backend(choice)
      let gates: [Float] = [-1e30, -1000, -104, -89, -88, 88, 89, 104, 1000, 1e30]
      let input = gates + [Float](repeating: 1.5, count: gates.count)
      let tensor = try backend.tensor(input, [1, 1, 20])
      let output = try backend.empty([1, 1, 10])
      try backend.swiGLU(tensor, into: output)
      expectWithin(try output.floats(), Oracle.swiGLU(input.doubles, width: 10), "swiGLU")
      let gradient = try backend.empty([1, 1, 20])
      let ones = [Float](repeating: 1, count: 10)
      try backend.swiGLUGradient(
        tensor, outputGradient: try backend.tensor(ones, [1, 1, 10]), into: gradient)
      expectWithin(
        try gradient.floats(),
        Oracle.swiGLUGradient(input.doubles, outputGradient: ones.doubles, width: 10), "gradient")
    }
  }
}
