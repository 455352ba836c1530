import Conformance
import Gradients
import TestSupport
import Tensors
import Testing

/// A scalar loss made by tape operations, and the same loss written in double precision.
struct GradientCase: Sendable, CustomTestStringConvertible {
  /// What the loss is differentiated by.
  struct Input: Sendable {
    let name: String
    /// With the replica dimension.
    let shape: Shape
    let values: [Float]
    /// Whether a model would hold it: its gradient then goes to a place that the caller names.
    let isParameter: Bool

    init(_ name: String, _ dimensions: [Int], seed: Int, scale: Double = 1, parameter: Bool = false)
    {
      var numbers = TestNumbers(seed: seed)
      self.name = name
      shape = Shape([GradientCase.replicas] + dimensions)
      values = numbers.normals(shape.elementCount, scale: scale)
      isParameter = parameter
    }
  }

  static let replicas = 2

  /// Allowed of an element, or of a thousandth of the largest one.
  ///
  /// Sums here have n <= 24 terms and chains at most seven operations, each of which errs by at most
  /// (n + 16) 2⁻²⁴ Σ|terms| (the tests of backends hold it to that): 1.7e-5 Σ|terms| in the worst
  /// case, and about 2⁻²⁴ √(7 n) Σ|terms|, 8e-7, where roundings are independent. So an element
  /// may lose some hundredfold by cancellation before a right gradient fails; a wrong rule is wrong
  /// by a factor near 1.
  static let relativeError = 3e-4

  let name: String
  let inputs: [Input]
  /// The loss of every replica, (R).
  let loss: @Sendable (Tape, [Variable]) throws -> Variable
  /// The same from the inputs' elements.
  let definition: @Sendable ([[Double]]) -> [Double]

  var testDescription: String { name }

  /// Holds loss and gradients to the definition, with every input an activation, then with
  /// parameters as parameters: views into one buffer (R, P) of values and one of gradients.
  func check(on backend: any Backend) throws {
    try Trace.with("\(name), activations") {
      let tape = Tape(on: backend)
      let variables = try inputs.map { tape.input(try backend.tensor($0.values, $0.shape)) }
      try check(tape, variables) { try variables[$0].gradient?.floats() }
    }
    guard inputs.contains(where: \.isParameter) else { return }
    try Trace.with("\(name), parameters") {
      let tape = Tape(on: backend)
      let store = try ParameterStore(inputs.filter(\.isParameter), on: backend)
      let variables = try inputs.map { input in
        input.isParameter
          ? try tape.parameter(store.value(input.name), gradient: store.gradient(input.name))
          : tape.input(try backend.tensor(input.values, input.shape))
      }
      try check(tape, variables) { index in
        inputs[index].isParameter
          ? try store.gradient(inputs[index].name).floats()
          : try variables[index].gradient?.floats()
      }
      try store.verify()
    }
  }

  private func check(
    _ tape: Tape, _ variables: [Variable], gradient: (Int) throws -> [Float]?
  ) throws {
    let point = inputs.map(\.values.doubles)
    let loss = try loss(tape, variables)
    var expected = Expected(exactly: definition(point))
    expected.bounds = expected.values.map { 1e-5 * (1 + abs($0)) }
    expectWithin(try loss.value.floats(), expected, "loss")
    try tape.backward(from: loss)
    for (index, input) in inputs.enumerated() {
      guard let gradient = try gradient(index) else {
        Issue.record("\(Trace.description): \(input.name) has no gradient")
        continue
      }
      expectGradient(
        of: { values in
          var moved = point
          moved[index] = values
          return definition(moved).reduce(0, +)
        }, at: point[index], equals: gradient.doubles, input.name,
        relativeError: Self.relativeError)
    }
  }
}

/// Parameters as a model holds them: views into one buffer, with elements between them that nobody
/// may touch.
final class ParameterStore {
  private static let gap = 3
  private static let untouched: Float = 12345.5

  private var offsets: [String: (offset: Int, shape: Shape)] = [:]
  private let values: Tensor
  private let gradients: Tensor

  init(_ inputs: [GradientCase.Input], on backend: any Backend) throws {
    var count = Self.gap
    for input in inputs {
      offsets[input.name] = (count, input.shape)
      count += input.shape.elementsPerReplica + Self.gap
    }
    let replicas = inputs[0].shape.replicas
    let filler = [Float](repeating: Self.untouched, count: replicas * count)
    values = try backend.tensor(filler, [replicas, count])
    gradients = try backend.tensor(filler, [replicas, count])
    for input in inputs { try value(input.name).assign(input.values) }
  }

  func value(_ name: String) throws -> Tensor { try view(values, name) }
  func gradient(_ name: String) throws -> Tensor { try view(gradients, name) }

  private func view(_ tensor: Tensor, _ name: String) throws -> Tensor {
    let place = try #require(offsets[name])
    return tensor.slice(from: place.offset, shape: place.shape)
  }

  /// Records an issue where an element between two parameters was touched.
  func verify() throws {
    for (name, tensor) in [("values", values), ("gradients", gradients)] {
      let all = try tensor.floats()
      let count = tensor.shape.elementsPerReplica
      let covered = offsets.values.map { $0.offset..<$0.offset + $0.shape.elementsPerReplica }
      for index in all.indices where !covered.contains(where: { $0.contains(index % count) }) {
        #expect(all[index] == Self.untouched, "\(Trace.description): \(name), element \(index)")
      }
    }
  }
}
