/// The agreement of two graders that say yes or no to the same items.
///
/// Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20
/// (1960): kappa = (o - e) / (1 - e), where o is the share of items on which they agree and e the share
/// on which two graders with the same rates of yes would agree by chance.
public struct CohenKappa: Hashable, Sendable, Codable {
  public let both: Int
  public let firstAlone: Int
  public let secondAlone: Int
  public let neither: Int

  public init(_ pairs: some Sequence<(first: Bool, second: Bool)>) {
    var counts = [0, 0, 0, 0]
    for pair in pairs { counts[(pair.first ? 0 : 2) + (pair.second ? 0 : 1)] += 1 }
    (both, firstAlone, secondAlone, neither) = (counts[0], counts[1], counts[2], counts[3])
  }

  public var items: Int { both + firstAlone + secondAlone + neither }

  /// o; nil without items.
  public var observed: Double? { items == 0 ? nil : Double(both + neither) / Double(items) }

  /// Nil without items, and if both graders give one and the same answer to every item: then chance
  /// cannot cause disagreement.
  public var kappa: Double? {
    guard let observed else { return nil }
    let n = Double(items)
    let first = Double(both + firstAlone) / n
    let second = Double(both + secondAlone) / n
    let expected = first * second + (1 - first) * (1 - second)
    return expected == 1 ? nil : (observed - expected) / (1 - expected)
  }
}
