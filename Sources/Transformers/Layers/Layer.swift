import Gradients

/// A part of a model that declares its weights once and computes with them.
protocol Layer: Sendable {
  /// The weights in the order in which a forward pass reads them.
  var weights: [Weight] { get }
}

/// One pass of a model: its tape, and one variable per weight.
///
/// A weight has one variable for a whole pass, so the gradients of a table that is used twice are
/// added.
struct Pass {
  let tape: Tape
  /// The variables by the name of the weight's first parameter.
  private let variables: [String: Variable]

  init(_ tape: Tape, _ weights: [Weight], variable: (Weight) -> Variable) {
    self.tape = tape
    variables = Dictionary(uniqueKeysWithValues: weights.map { ($0.name, variable($0)) })
  }

  private init(_ tape: Tape, variables: [String: Variable]) {
    self.tape = tape
    self.variables = variables
  }

  /// The same weights on another tape, for recomputation.
  func on(_ tape: Tape) -> Pass { Pass(tape, variables: variables) }

  subscript(weight: Weight) -> Variable {
    guard let variable = variables[weight.name] else {
      preconditionFailure("pass: the model has no weight \(weight.name)")
    }
    return variable
  }
}
