public import Tensors

/// A tensor in a computation of which a gradient may be needed.
public final class Variable {
  public let value: Tensor
  /// The gradient of the loss with respect to `value`, after `Tape.backward`.
  public internal(set) var gradient: Tensor?
  /// Whether the tensor depends on a value that needs a gradient.
  let isTracked: Bool
  /// The memory of a parameter's gradient. The first contribution overwrites it, later
  /// contributions are added.
  let destination: Tensor?

  init(_ value: Tensor, isTracked: Bool, destination: Tensor? = nil) {
    self.value = value
    self.isTracked = isTracked
    self.destination = destination
  }
}

/// A tape: a record of coarse operations, which is run backwards for gradients.
///
/// Each operation appends one rule: given the gradient of its output, add to the gradients of its
/// inputs. The order of contributions is the reverse of the record, so it is the same every step.
/// A tape belongs to one step; with `records` false the same layer code only runs forward.
public final class Tape {
  public let backend: any Backend
  let records: Bool
  /// Rules refer to the tape unowned, because the tape owns them: a tape that is released without a
  /// backward pass must free their tensors.
  private var rules: [() throws -> Void] = []
  private var parameters: [Variable] = []
  /// The `WaitingSums.room` of the gradients of parameters that are sums of parts.
  private var sums = 0

  public init(on backend: any Backend, records: Bool = true) {
    self.backend = backend
    self.records = records
  }

  /// A tensor that needs no gradient.
  public func constant(_ value: Tensor) -> Variable { Variable(value, isTracked: false) }

  /// An activation that needs a gradient, such as a perturbation.
  public func input(_ value: Tensor) -> Variable { Variable(value, isTracked: records) }

  /// A parameter; its gradient is written to `gradient`, a tensor of the value's shape.
  ///
  /// - Parameter adds: Whether to add to `gradient`, which has the gradient of an earlier part of
  ///   the batch.
  public func parameter(_ value: Tensor, gradient: Tensor?, adds: Bool = false) -> Variable {
    let variable = Variable(value, isTracked: records && gradient != nil, destination: gradient)
    if variable.isTracked {
      parameters.append(variable)
      if adds { variable.gradient = gradient }
    }
    return variable
  }

  /// Runs the record backwards from a loss (R), whose gradient is 1 in every replica.
  ///
  /// Parameters that the loss does not depend on get a gradient of zero.
  ///
  /// - Throws: A failure of the device.
  public func backward(from loss: Variable) throws {
    let one = try backend.empty(loss.value.shape)
    try backend.fill(one, bits: Float(1).bitPattern)
    try backward(from: loss, gradient: one)
  }

  /// Runs the record backwards from a variable with a given gradient of the loss.
  ///
  /// If the loss is Σ_i w_i v_i, the gradient of v is w, and the sum needs no rule.
  ///
  /// - Parameter gradient: A tensor of the variable's shape and live rows, which is not changed.
  /// - Throws: A failure of the device.
  public func backward(from output: Variable, gradient: Tensor) throws {
    output.gradient = gradient
    try backend.summingTogether(elements: sums) {
      while let rule = rules.popLast() { try rule() }
    }
    for parameter in parameters where parameter.gradient == nil {
      if let destination = parameter.destination { try backend.fill(destination, bits: 0) }
    }
  }

  /// Runs a part of a computation without keeping its activations. Its input is kept, and the part
  /// is computed again for its gradient (Chen et al. 2016, arXiv:1604.06174). The operations, their
  /// operands and their order are the same, so the bytes are the same.
  ///
  /// - Parameter body: the part, which must use the given tape.
  /// - Throws: A failure of the device, and what `body` throws.
  public func recomputing(
    _ input: Variable, _ body: @escaping (Tape, Variable) throws -> Variable
  ) throws -> Variable {
    guard records else { return try body(self, input) }
    let first = Tape(on: backend, records: false)
    let output = try body(first, input).value
    sums += first.sums
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

  /// Makes the variable of an operation's output, and records its rule if an input is tracked.
  func record(
    _ value: Tensor, from inputs: [Variable], rule: @escaping (_ gradient: Tensor) throws -> Void
  ) -> Variable {
    let output = Variable(value, isTracked: records && inputs.contains { $0.isTracked })
    if output.isTracked {
      rules.append {
        // The loss does not depend on this output, so it contributes nothing.
        guard let gradient = output.gradient else { return }
        output.gradient = nil
        try rule(gradient)
      }
    }
    return output
  }

  /// Notes that a parameter's gradient is a sum of so many parts on a GPU.
  private func expectSum(of variable: Variable, parts: Int) {
    guard variable.isTracked, variable.destination != nil, parts > 1 else { return }
    let shape = variable.value.shape
    sums += WaitingSums.room(shape.replicas, parts, shape.elementsPerReplica)
  }

  /// Notes that a GPU computes the gradient of a norm's weight as a sum of parts of rows.
  func expectSum(ofNorm weight: Variable, rows: Int) {
    let height = NormalizationSizes.rowsPerPartOnGPUs
    expectSum(of: weight, parts: (rows + height - 1) / height)
  }

  /// Notes that a GPU may compute the gradient of a weight (R, N, K) as a sum of parts of rows.
  func expectSum(ofLinear weight: Variable, rows: Int) {
    let product = MatrixProduct(
      rows: weight.value.shape[1], columns: weight.value.shape[2], inner: rows,
      transposeLeft: true)
    expectSum(of: weight, parts: product.parts)
  }

  /// Memory for a variable's gradient.
  func room(for variable: Variable) throws -> Tensor {
    try backend.empty(variable.value.shape, live: variable.value.live)
  }

  /// Adds a contribution to a variable's gradient with an operation that can add to a tensor.
  ///
  /// Gradients of activations are never changed in place, because a residual gives one tensor to
  /// two paths.
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
