import Conformance
import Gradients
import TestSupport
import Tensors
import Testing

/// What a tape keeps, and what it leaves alone.
@Suite(.serialized)
struct TapeTests {
  /// x Wᵀ and its weighted sum.
  private static func loss(_ tape: Tape, _ x: Variable, _ weight: Variable) throws -> Variable {
    let output = try tape.linear(x, weight: weight)
    let ones = try tape.backend.tensor(
      [Float](repeating: 1, count: output.value.shape.elementCount), output.value.shape)
    return try tape.weightedSum(output, weights: ones)
  }

  private static func numbers(_ backend: any Backend, _ shape: Shape, seed: Int) throws -> Tensor {
    var numbers = TestNumbers(seed: seed)
    return try backend.tensor(numbers.normals(shape.elementCount), shape)
  }

  /// Every bit of the gradient is 0, whatever it held, also where the parameter was used by an
  /// operation that the loss does not depend on.
  @Test(arguments: availableBackends)
  func unusedParametersGetAGradientOfZero(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let tape = Tape(on: backend)
    func parameter(_ seed: Int) throws -> (variable: Variable, gradient: Tensor) {
      let gradient = try Self.numbers(backend, [2, 3, 4], seed: seed + 1)
      let value = try Self.numbers(backend, [2, 3, 4], seed: seed)
      return (tape.parameter(value, gradient: gradient), gradient)
    }
    let (used, unused, deadEnd) = (try parameter(1), try parameter(3), try parameter(5))
    let x = tape.constant(try Self.numbers(backend, [2, 5, 4], seed: 7))
    _ = try tape.linear(x, weight: deadEnd.variable)
    let loss = try Self.loss(tape, x, used.variable)
    _ = try tape.linear(x, weight: deadEnd.variable)
    try tape.backward(from: loss)
    let zeros = [UInt32](repeating: 0, count: 24)
    #expect(try unused.gradient.floats().map(\.bitPattern) == zeros)
    #expect(try deadEnd.gradient.floats().map(\.bitPattern) == zeros)
    #expect(try used.gradient.floats().allSatisfy { $0 != 0 && $0.isFinite })
  }

  @Test(arguments: availableBackends)
  func forwardOnlyTapesRecordNothing(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let weight = try Self.numbers(backend, [2, 3, 4], seed: 1)
    let gradient = try Self.numbers(backend, [2, 3, 4], seed: 2)
    let x = try Self.numbers(backend, [2, 5, 4], seed: 3)
    let before = try gradient.floats()
    let held = backend.memory.current
    let tape = Tape(on: backend, records: false)
    let (input, parameter) = (tape.input(x), tape.parameter(weight, gradient: gradient))
    do {
      let loss = try Self.loss(tape, input, parameter)
      let recording = Tape(on: backend)
      let same = try Self.loss(
        recording, recording.input(x), recording.parameter(weight, gradient: nil))
      #expect(try loss.value.floats() == same.value.floats())
      try tape.backward(from: loss)
      try recording.backward(from: same)
    }
    #expect(input.gradient == nil)
    #expect(parameter.gradient == nil)
    #expect(try gradient.floats() == before)
    #expect(backend.memory.current == held, "no activation outlives its variable")
  }

  /// Constants and parameters without a gradient are not differentiated by.
  @Test(arguments: availableBackends)
  func onlyWhatIsAskedForGetsAGradient(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let tape = Tape(on: backend)
    let x = tape.constant(try Self.numbers(backend, [2, 5, 4], seed: 1))
    let frozen = tape.parameter(try Self.numbers(backend, [2, 3, 4], seed: 2), gradient: nil)
    let perturbation = tape.input(try Self.numbers(backend, [2, 5, 4], seed: 3))
    let loss = try Self.loss(tape, tape.add(x, perturbation), frozen)
    try tape.backward(from: loss)
    #expect(x.gradient == nil)
    #expect(frozen.gradient == nil)
    let columns = try frozen.value.floats()
    // d Σ (x + p) Wᵀ / dp: every row is the sum of W's rows.
    var expected = Expected(count: 40)
    for index in 0..<40 {
      let (replica, channel) = (index / 20, index % 4)
      let terms = (0..<3).map { Double(columns[replica * 12 + $0 * 4 + channel]) }
      expected.values[index] = terms.reduce(0, +)
      expected.bounds[index] = 11 * Oracle.unitRoundoff * terms.reduce(0) { $0 + abs($1) }
    }
    expectWithin(try #require(perturbation.gradient).floats(), expected, "perturbation")
  }

  /// A product of bfloat16 operands has gradients of bfloat16 operands: the backend's own products, to
  /// the byte. Rounding itself counts as the identity.
  @Test(arguments: availableBackends)
  func gradientsOfBFloat16Products(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let gradient = try backend.zeros([2, 3, 4])
    let tape = Tape(on: backend)
    let x = tape.input(try Self.numbers(backend, [2, 5, 4], seed: 1))
    let weight = tape.parameter(
      try Self.numbers(backend, [2, 3, 4], seed: 2), gradient: gradient)
    let y = try tape.linear(x, weight: weight, precision: .bfloat16)
    let factors = try Self.numbers(backend, [2, 5, 3], seed: 3)
    try tape.backward(from: tape.weightedSum(y, weights: factors))
    func product(
      _ left: Tensor, _ transposeLeft: Bool, _ right: Tensor, _ transposeRight: Bool,
      _ shape: Shape
    ) throws -> [Float] {
      let output = try backend.empty(shape)
      try backend.matmul(
        left, transposeLeft: transposeLeft, right, transposeRight: transposeRight, adding: nil,
        precision: .bfloat16, into: output)
      return try output.floats()
    }
    let (a, w) = (x.value, weight.value)
    #expect(try y.value.floats() == product(a, false, w, true, [2, 5, 3]))
    #expect(try gradient.floats() == product(factors, true, a, false, [2, 3, 4]))
    #expect(
      try #require(x.gradient).floats() == product(factors, false, w, false, [2, 5, 4]))
  }

  /// A recording that is dropped without being played, as when a step throws, keeps no memory.
  @Test(arguments: availableBackends)
  func droppedRecordingsKeepNoMemory(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let x = try Self.numbers(backend, [2, 5, 4], seed: 1)
    let weight = try Self.numbers(backend, [2, 3, 4], seed: 2)
    let held = backend.memory.current
    do {
      let tape = Tape(on: backend)
      _ = try Self.loss(tape, tape.input(x), tape.constant(weight))
    }
    #expect(backend.memory.current == held)
  }

  /// The same record gives the same bytes.
  @Test(arguments: availableBackends)
  func gradientsAreRepeatable(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    func gradient() throws -> [UInt32] {
      let tape = Tape(on: backend)
      let x = tape.input(try Self.numbers(backend, [2, 50, 40], seed: 1))
      let weight = tape.constant(try Self.numbers(backend, [2, 40, 40], seed: 2))
      let loss = try Self.loss(tape, tape.linear(x, weight: weight, adding: x), weight)
      try tape.backward(from: loss)
      return try #require(x.gradient).floats().map(\.bitPattern)
    }
    let first = try gradient()
    #expect(try gradient() == first)
  }
}
