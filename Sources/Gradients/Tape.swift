public import Tensors

/// A tensor and its place in a computation whose gradient may be asked for.
public final class Variable {
  public let value: Tensor
  /// The gradient of the loss with respect to `value`, after `Tape.backward`.
  public internal(set) var gradient: Tensor?
  /// Whether anything upstream wants a gradient.
  let isTracked: Bool
  /// Where a parameter's gradient lives: written by the first contribution, added to by later ones.
  let destination: Tensor?

  init(_ value: Tensor, isTracked: Bool, destination: Tensor? = nil) {
    self.value = value
    self.isTracked = isTracked
    self.destination = destination
  }
}

/// A record of coarse operations, played backwards for gradients.
///
/// Each operation appends one rule: given the gradient of its output, add to the gradients of its
/// inputs. The order of contributions is the reverse of the record, so it is the same every step.
/// A tape belongs to one step; with `records` false the same layer code only runs forward.
public final class Tape {
  public let backend: any Backend
  let records: Bool
  /// Rules refer to the tape unowned: it owns them, and a tape dropped unplayed must free what they
  /// hold.
  private var rules: [() throws -> Void] = []
  private var parameters: [Variable] = []

  public init(on backend: any Backend, records: Bool = true) {
    self.backend = backend
    self.records = records
  }

  /// A tensor that no gradient is wanted of.
  public func constant(_ value: Tensor) -> Variable { Variable(value, isTracked: false) }

  /// An activation that a gradient is wanted of, such as a perturbation.
  public func input(_ value: Tensor) -> Variable { Variable(value, isTracked: records) }

  /// A parameter; its gradient is written to `gradient`, a tensor of the value's shape.
  ///
  /// - Parameter adds: Whether to add to what `gradient` holds, from an earlier part of the batch.
  public func parameter(_ value: Tensor, gradient: Tensor?, adds: Bool = false) -> Variable {
    let variable = Variable(value, isTracked: records && gradient != nil, destination: gradient)
    if variable.isTracked {
      parameters.append(variable)
      if adds { variable.gradient = gradient }
    }
    return variable
  }

  /// Plays the record backwards from a loss (R), whose gradient is 1 in every replica.
  ///
  /// Parameters that the loss does not depend on get a gradient of zero.
  public func backward(from loss: Variable) throws {
    let one = try backend.empty(loss.value.shape)
    try backend.fill(one, bits: Float(1).bitPattern)
    try backward(from: loss, gradient: one)
  }

  private func backward(from output: Variable, gradient: Tensor) throws {
    output.gradient = gradient
    while let rule = rules.popLast() { try rule() }
    for parameter in parameters where parameter.gradient == nil {
      if let destination = parameter.destination { try backend.fill(destination, bits: 0) }
    }
  }

  /// Part of a computation whose activations are not kept: what goes in is, and the part is computed
  /// once more when its gradient is wanted (Chen et al. 2016, arXiv:1604.06174). The same operations on
  /// the same numbers in the same order, so no byte changes.
  ///
  /// - Parameter body: the part, on the tape that it is given.
  public func recomputing(
    _ input: Variable, _ body: @escaping (Tape, Variable) throws -> Variable
  ) throws -> Variable {
    guard records else { return try body(self, input) }
    let output = try body(Tape(on: backend, records: false), input).value
    let variable = Variable(output, isTracked: true)
    rules.append { [unowned self] in
      guard let gradient = variable.gradient else { return }
      variable.gradient = nil
      let tape = Tape(on: backend)
      let again = tape.input(input.value)
      try tape.backward(from: body(tape, again), gradient: gradient)
      if let gradient = again.gradient { try contribute(gradient, to: input) }
    }
    return variable
  }

  /// Makes the output of an operation, and records its rule if any input is tracked.
  func record(
    _ value: Tensor, from inputs: [Variable], rule: @escaping (_ gradient: Tensor) throws -> Void
  ) -> Variable {
    let output = Variable(value, isTracked: records && inputs.contains { $0.isTracked })
    if output.isTracked {
      rules.append {
        // Nothing downstream reached this output: it contributes nothing.
        guard let gradient = output.gradient else { return }
        output.gradient = nil
        try rule(gradient)
      }
    }
    return output
  }

  /// Memory for a variable's gradient.
  private func room(for variable: Variable) throws -> Tensor {
    try backend.empty(variable.value.shape, live: variable.value.live)
  }

  /// Adds a contribution to a variable's gradient through an operation that can itself add.
  ///
  /// Activations' gradients are never changed in place: a residual hands one tensor to two paths.
  func contribute(
    to variable: Variable, _ write: (_ adding: Tensor?, _ output: Tensor) throws -> Void
  ) throws {
    guard variable.isTracked else { return }
    let output = try variable.destination ?? room(for: variable)
    try write(variable.gradient, output)
    variable.gradient = output
  }

  /// Adds a contribution that is already computed.
  func contribute(_ gradient: Tensor, to variable: Variable) throws {
    guard variable.isTracked else { return }
    if let destination = variable.destination {
      if let sum = variable.gradient {
        try backend.add(sum, gradient, into: destination)
      } else {
        try backend.copy(gradient, to: destination)
      }
      variable.gradient = destination
    } else if let sum = variable.gradient {
      let output = try room(for: variable)
      try backend.add(sum, gradient, into: output)
      variable.gradient = output
    } else {
      variable.gradient = gradient
    }
  }
}
