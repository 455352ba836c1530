/// The declaration of one named parameter. All other properties of the parameter are derived from
/// it.
///
/// The layout in memory, the tensors of a checkpoint, counts, initial values, weight decay and the
/// optimizer's groups are derived from the declarations of a model's layers.
public struct ParameterDeclaration: Hashable, Sendable {
  /// The part of a model to which a parameter belongs. A replica's parameters are stored group by
  /// group, in this order.
  public enum Group: Int, CaseIterable, Sendable {
    /// The table of token embeddings.
    case embedding
    /// The matrices of the blocks, which Muon updates.
    case block
    /// An output matrix that is not the embedding table.
    case output
    /// Scales of norms, without weight decay.
    case vector
  }

  /// The distribution of initial values.
  public enum InitialValues: Hashable, Sendable {
    case normal(deviation: Double)
    case constant(Float)
  }

  /// The name of its tensor in a checkpoint.
  public let name: String
  /// (out, in) for matrices, (C) for norms.
  public let shape: [Int]
  public let group: Group
  public let initialValues: InitialValues

  public init(_ name: String, _ shape: [Int], _ group: Group, _ initialValues: InitialValues) {
    self.name = name
    self.shape = shape
    self.group = group
    self.initialValues = initialValues
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }
}

/// One matrix or vector of a layer: adjacent parameters that an operation reads as one.
///
/// Query, key and value projections are three tensors of a checkpoint and one matrix of a product.
public struct Weight: Hashable, Sendable {
  /// One or more declarations with the same group and the same inputs.
  public let declarations: [ParameterDeclaration]

  public init(_ declarations: [ParameterDeclaration]) {
    precondition(!declarations.isEmpty, "weight: no parameter is declared")
    self.declarations = declarations
  }

  /// The name of the first parameter.
  var name: String { declarations[0].name }
  var group: ParameterDeclaration.Group { declarations[0].group }
  /// (out, in) with the outputs of all parameters, or (C).
  var shape: [Int] {
    [declarations.reduce(0) { $0 + $1.shape[0] }] + declarations[0].shape.dropFirst()
  }
}
