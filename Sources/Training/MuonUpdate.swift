import Tensors
import Transformers

/// Muon's update of the blocks' matrices. Many matrices are updated together, because a product of
/// many small matrices takes hardly longer than one product.
struct MuonUpdate {
  let settings: MuonSettings
  /// Adjacent matrices of one shape.
  private struct Run {
    /// The offset among the blocks' parameters.
    var start: Int
    /// (count, out, in).
    var shape: [Int]

    /// Rows and columns once a matrix with more rows than columns is transposed.
    var rows: Int { min(shape[1], shape[2]) }
    var columns: Int { max(shape[1], shape[2]) }
    /// The number of working elements: two copies of every matrix and two square matrices for each.
    var working: Int { shape[0] * (2 * rows * columns + 2 * rows * rows) }
  }
  /// Runs that are updated together: they have equal rows and columns, and as many as fit into the
  /// working memory. The division does not change the bytes.
  private let batches: [[Run]]

  /// The largest number of bytes of working memory, unless a single run needs more.
  private static let workingSet = 1 << 28

  init(_ settings: MuonSettings, _ model: Transformer) {
    self.settings = settings
    let limit = min(model.backend.workingSet ?? Self.workingSet, Self.workingSet)
    batches = Self.batches(
      Self.runs(model.layout), numbers: limit / (MemoryLayout<Float>.size * model.replicas))
  }

  private static func runs(_ layout: ParameterLayout) -> [Run] {
    let first = layout.range(of: .block).lowerBound
    var runs: [Run] = []
    for entry in layout.entries where entry.declaration.group == .block {
      if let last = runs.indices.last, Array(runs[last].shape.dropFirst()) == entry.shape {
        runs[last].shape[0] += 1
      } else {
        runs.append(Run(start: entry.offset - first, shape: [1] + entry.shape))
      }
    }
    return runs
  }

  private static func batches(_ runs: [Run], numbers limit: Int) -> [[Run]] {
    var batches: [[Run]] = []
    for run in runs {
      let alike = batches.lastIndex {
        $0[0].rows == run.rows && $0[0].columns == run.columns
      }
      if let alike, batches[alike].reduce(run.working, { $0 + $1.working }) <= limit {
        batches[alike].append(run)
      } else {
        batches.append([run])
      }
    }
    return batches
  }

  /// - Parameters:
  ///   - parameters, gradients, momentum: (R, ...), the blocks' matrices.
  func callAsFunction(
    parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor
  ) throws {
    for batch in batches {
      try update(
        batch, parameters: parameters, gradients: gradients, momentum: momentum, control: control)
    }
  }

  private func update(
    _ runs: [Run], parameters: Tensor, gradients: Tensor, momentum: Tensor, control: Tensor
  ) throws {
    let (backend, replicas) = (parameters.backend, parameters.shape.replicas)
    let (rows, columns) = (runs[0].rows, runs[0].columns)
    let count = runs.reduce(0) { $0 + $1.shape[0] }

    /// Calls `body` with each run of a tensor and its part of all directions.
    func forEach(
      _ directions: Tensor,
      _ body: (_ start: Int, _ shape: Shape, _ direction: Tensor) throws -> Void
    ) throws {
      var at = 0
      for run in runs {
        let direction: Shape = [replicas, run.shape[0], rows, columns]
        try body(
          run.start, Shape([replicas] + run.shape), directions.slice(from: at, shape: direction))
        at += direction.elementsPerReplica
      }
    }

    let directions = try backend.empty([replicas, count * rows * columns])
    try forEach(directions) { start, shape, direction in
      try backend.muonMomentum(
        gradients: gradients.slice(from: start, shape: shape),
        momentum: momentum.slice(from: start, shape: shape), control: control,
        beta: settings.momentum, into: direction)
    }
    let orthogonal = try backend.orthogonalize(
      directions.regrouped([replicas * count, rows, columns])
    ).regrouped(directions.shape)
    try forEach(orthogonal) { start, shape, direction in
      let ratio = settings.learningRateRatio
      try backend.muonUpdate(
        parameters: parameters.slice(from: start, shape: shape), direction: direction,
        control: control,
        scale: ratio * Float(settings.scale(rows: shape[2], columns: shape[3])), decay: ratio)
    }
  }
}
