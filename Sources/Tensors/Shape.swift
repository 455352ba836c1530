/// The sizes of a tensor, outermost first.
///
/// The letters used in every shape comment, kernel and test of this package:
/// **R** replicas, **B** batch, **T** positions, **C** channels (model width), **H** heads,
/// **D** head width (C = H·D), **F** feed-forward width, **V** vocabulary, **L** layers;
/// matrices **M**, **N**, **K**; **P** parameters of one replica.
/// The first dimension is always R: a single model is a cohort of one.
public struct Shape: Hashable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
  public let dimensions: [Int]

  public init(_ dimensions: [Int]) {
    require(!dimensions.isEmpty, "shape", "a tensor has at least the replica dimension")
    require(dimensions.allSatisfy { $0 > 0 }, "shape", "\(dimensions) has an empty dimension")
    self.dimensions = dimensions
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  public subscript(_ index: Int) -> Int { dimensions[index] }
  public var rank: Int { dimensions.count }
  public var replicas: Int { dimensions[0] }

  /// Elements of one replica: the product of every dimension but the first.
  public var elementsPerReplica: Int { dimensions.dropFirst().reduce(1, *) }
  public var elementCount: Int { dimensions.reduce(1, *) }

  /// The innermost dimension.
  public var width: Int { dimensions[dimensions.count - 1] }

  /// Rows of one replica when everything between R and the innermost dimension is one dimension.
  public var rowsPerReplica: Int { elementsPerReplica / width }

  public var description: String { "\(dimensions)" }
}
