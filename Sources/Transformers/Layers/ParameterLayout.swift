import Random

/// The offset of each named parameter in a replica's P contiguous elements.
///
/// Parameters are sorted by group and keep their order within one: matrices come first (the embedding,
/// those of the blocks, an output matrix), then the vectors of the norms, so that weight decay applies
/// to a prefix. Parameters that a layer declares together are adjacent.
public struct ParameterLayout: Sendable {
  /// A named parameter of one replica.
  public struct Entry: Hashable, Sendable {
    public let declaration: ParameterDeclaration
    public let offset: Int
    public var name: String { declaration.name }
    /// (out, in) for matrices, (C) for norms.
    public var shape: [Int] { declaration.shape }
    public var count: Int { declaration.count }
  }

  public let configuration: ModelConfiguration
  public let entries: [Entry]
  /// P.
  public let count: Int

  public init(_ configuration: ModelConfiguration) {
    let declarations = configuration.declarations
    var entries: [Entry] = []
    var offset = 0
    for group in ParameterDeclaration.Group.allCases {
      for declaration in declarations where declaration.group == group {
        entries.append(Entry(declaration: declaration, offset: offset))
        offset += declaration.count
      }
    }
    self.configuration = configuration
    self.entries = entries
    count = offset
  }

  /// The range of the parameters of a group. If there are none, an empty range at the offset where
  /// they would begin.
  public func range(of group: ParameterDeclaration.Group) -> Range<Int> {
    func size(_ holds: (ParameterDeclaration.Group) -> Bool) -> Int {
      entries.reduce(0) { $0 + (holds($1.declaration.group) ? $1.count : 0) }
    }
    let start = size { $0.rawValue < group.rawValue }
    return start..<start + size { $0 == group }
  }

  /// The number of parameters with weight decay. They are the first parameters.
  public var decayed: Int { range(of: .vector).lowerBound }

  /// The offset of a parameter, which must be in the layout.
  func offset(of name: String) -> Int {
    guard let entry = entries.first(where: { $0.name == name }) else {
      preconditionFailure("parameter layout: no parameter is named \(name)")
    }
    return entry.offset
  }

  /// The initial values of one replica, computed on the host from its seed alone.
  public func initialValues(seed: UInt64) -> [Float] {
    let philox = Philox(seed: seed)
    var values = [Float](repeating: 0, count: count)
    for (index, entry) in entries.enumerated() {
      let range = entry.offset..<entry.offset + entry.count
      switch entry.declaration.initialValues {
      case .constant(let value):
        for at in range { values[at] = value }
      case .normal(let deviation):
        var stream = philox.stream(.initialWeights(tensor: index))
        for at in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
          let (first, second) = stream.nextNormals()
          values[at] = Float(deviation * first)
          if at + 1 < range.upperBound { values[at + 1] = Float(deviation * second) }
        }
      }
    }
    return values
  }
}
