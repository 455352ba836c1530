import Reports

/// One measurement of `bench`: a line of text, or a line of JSON.
struct BenchRow: Encodable {
  /// "product", "training", ...
  var kind: String
  /// The measured operation with its sizes.
  var name: String
  var replicas = 1
  /// Seconds of one call: the median over rounds. The smallest and the largest follow.
  var seconds: Double
  var leastSeconds: Double
  var mostSeconds: Double
  /// The speed by the number of floating-point operations in the definition.
  var gigaflopsPerSecond: Double?
  var gigabytesPerSecond: Double?
  var tokensPerSecond: Double?
  /// The larger of two fractions: of the bandwidth of a copy, and of the speed of the best product.
  var fractionOfCeiling: Double?
  /// The time of OpenBLAS over the time of this program: the median over rounds, the smallest and the
  /// largest.
  var openBLASRatio: [Double]?
  /// The share of matrix products and attention in the time of a training step, by the device's clock.
  var productShare: Double?

  init(_ kind: String, _ name: String, _ times: RoundTimes) {
    self.kind = kind
    self.name = name
    seconds = times.median
    leastSeconds = times.seconds.first ?? 0
    mostSeconds = times.seconds.last ?? 0
  }

  var line: String {
    var parts = [
      kind.padding(toLength: 12), name.padding(toLength: 44),
      NumberText.significant(seconds * 1e6).leftPadding(toLength: 10) + " µs",
    ]
    func add(_ value: Double?, _ unit: String) {
      if let value { parts.append(NumberText.significant(value).leftPadding(toLength: 8) + unit) }
    }
    add(gigaflopsPerSecond, " GFLOP/s")
    add(gigabytesPerSecond, " GB/s")
    add(tokensPerSecond.map { $0 / 1000 }, "k tokens/s")
    if let fractionOfCeiling {
      parts.append("\(NumberText.percent(fractionOfCeiling, decimals: 0)) of the ceiling")
    }
    if let ratio = openBLASRatio {
      let (median, least, most) = (ratio[0], ratio[1], ratio[2])
      parts.append(
        "\(NumberText.fixed(median, decimals: 2)) of OpenBLAS "
          + "(\(NumberText.fixed(least, decimals: 2)) to \(NumberText.fixed(most, decimals: 2)))")
    }
    if let productShare {
      parts.append("\(NumberText.percent(productShare, decimals: 0)) in products and attention")
    }
    return parts.joined(separator: " ")
  }
}

extension String {
  func padding(toLength length: Int) -> String {
    self + String(repeating: " ", count: max(0, length - count))
  }

  func leftPadding(toLength length: Int) -> String {
    String(repeating: " ", count: max(0, length - count)) + self
  }
}
