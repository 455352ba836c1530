import Reports
import Tensors
import TensorsOpenCL
import Training

/// The commands of a training step, with what they must move and compute. Nothing is run for it.
struct StepModel {
  /// A device as three numbers, from which the time of every command follows.
  struct Device {
    /// Bytes in a second, operations in a second; nil if it is not given.
    var bandwidth: Double?
    var peak: Double?
    /// Seconds of a launch; nil if it is not given.
    var launchTime: Double?

    var predicts: Bool { bandwidth != nil || peak != nil || launchTime != nil }

    func seconds(of cost: CommandCounts.Cost) -> Double? {
      predicts
        ? cost.seconds(bandwidth: bandwidth, peak: peak, launchTime: launchTime ?? 0) : nil
    }
  }

  /// One kernel, one kind of transfer, or all commands of a step: a line of text, or a line of JSON.
  struct Row: Encodable {
    var kind = "command"
    /// The kernel; "upload", "copy", "fill" or "step".
    var name: String
    var model: String
    var replicas: Int
    var launches: Int
    /// Megabytes that must be read and written: inputs and outputs once each.
    var megabytes: Double
    /// 10⁹ floating-point operations.
    var gigaflops: Double
    var predictedSeconds: Double?
    /// By the device's clock, in a step.
    var measuredSeconds: Double?
    /// The part of the measured step.
    var share: Double?

    var line: String {
      func cell(_ value: Double?, _ width: Int) -> String {
        (value.map { NumberText.significant($0) } ?? "").leftPadding(toLength: width)
      }
      let cells = [
        "  " + name.padding(toLength: 34), "\(launches)".leftPadding(toLength: 8),
        cell(megabytes, 9), cell(gigaflops, 9), cell(predictedSeconds.map { $0 * 1e6 }, 12),
        cell(measuredSeconds.map { $0 * 1e6 }, 11),
        (share.map { NumberText.percent($0) } ?? "").leftPadding(toLength: 7),
      ].joined(separator: " ")
      return String(cells.reversed().drop { $0 == " " }.reversed())
    }

    static let heading =
      "  " + "command of a step".padding(toLength: 34)
      + " launches        MB     GFLOP predicted µs measured µs   share"
  }

  private let name: String
  private let replicas: Int
  let counts: CommandCounts

  /// Counts the commands of a step of `bench`.
  init(of model: BenchModel, replicas: Int, on backend: OpenCLBackend) throws {
    name = model.name
    self.replicas = replicas
    let rehearsal = KernelRehearsal(backend)
    let geometry = BatchGeometry(
      batch: model.batch, positions: model.positions, targets: model.positions)
    let cohort = try Cohort(
      model.configuration,
      replicas: (0..<replicas).map { _ in
        Cohort.Replica(parameters: nil, schedule: .constant(peak: 0, warmup: 0))
      }, steps: 2, settings: .adamW(AdamWSettings()), geometry: geometry, on: rehearsal.backend)
    let batch = CohortBatch([[Example]](repeating: [], count: replicas), geometry: geometry)
    // The first step may also make what later steps use again.
    try cohort.step(batch)
    _ = rehearsal.takeCommands()
    try cohort.step(batch)
    counts = rehearsal.takeCommands()
  }

  /// A row for every command, the largest traffic first, and a row for the step.
  ///
  /// - Parameter measured: seconds of each kernel in a step, and its share of the step.
  func rows(
    _ device: Device, measured: [String: (seconds: Double, share: Double)]
  ) -> [Row] {
    func row(_ name: String, _ cost: CommandCounts.Cost) -> Row {
      Row(
        name: name, model: self.name, replicas: replicas, launches: cost.launches,
        megabytes: cost.bytes / 1e6, gigaflops: cost.operations / 1e9,
        predictedSeconds: device.seconds(of: cost), measuredSeconds: measured[name]?.seconds,
        share: measured[name]?.share)
    }
    let commands = counts.costs.sorted { ($1.value.bytes, $0.key) < ($0.value.bytes, $1.key) }
      .map { row($0.key, $0.value) }
    var step = row("step", counts.total)
    // Commands run one after another.
    if device.predicts {
      step.predictedSeconds = commands.reduce(0) { $0 + ($1.predictedSeconds ?? 0) }
    }
    if !measured.isEmpty {
      step.measuredSeconds = measured.values.reduce(0) { $0 + $1.seconds }
      step.share = measured.values.reduce(0) { $0 + $1.share }
    }
    return commands + [step]
  }
}
