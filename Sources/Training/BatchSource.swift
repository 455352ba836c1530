import Files
package import Foundation
import JSON
import Studies

/// The source of the batches of a cohort's training.
package protocol BatchSource: AnyObject {
  /// The number of steps after which the source has no state that a checkpoint must contain.
  var period: Int { get }

  /// The batch of a step, in parts.
  ///
  /// - Throws: A failure of the device.
  func batches(_ step: Int) throws -> [CohortBatch]

  /// The metrics of every step in addition to its loss, one list per replica; empty if there are
  /// none.
  var metrics: [[MetricRow]] { get set }
}

extension BatchSource {
  /// Writes a replica's metrics, if there are any, to a product or a checkpoint.
  ///
  /// - Parameter last: The last step to write, if the replica was stopped there. Steps that its
  ///   cohort made after it say nothing about it.
  /// - Throws: `EncodingError`, `FileError`.
  package func write(_ replica: Int, until last: Int? = nil, to folder: URL) throws {
    guard !metrics.isEmpty else { return }
    try JSONLines.lines(metrics[replica].filter { $0.step <= last ?? .max })
      .writeFile(MetricRow.fileName, in: folder)
  }
}

/// The metrics of one step of a replica: a row of `metrics.jsonl`.
public struct MetricRow: Hashable, Sendable, Codable {
  public var step: Int
  /// The metrics by name; nil (null) if a number is not finite.
  public var values: [String: Double?]

  package init(step: Int, _ values: KeyValuePairs<String, Double>) {
    self.step = step
    self.values = [:]
    for (name, value) in values { self[name] = value }
  }

  /// A metric. NaN if it was not finite, or if there is none of this name.
  package subscript(_ name: String) -> Double {
    get { (values[name] ?? nil) ?? .nan }
    set { values.updateValue(newValue.isFinite ? newValue : nil, forKey: name) }
  }

  package static let fileName = "metrics.jsonl"
}

/// Batches of documents with the mean negative log-likelihood as their loss.
package final class DocumentSource: BatchSource {
  package let period = 1
  package var metrics: [[MetricRow]] = []
  private let replicas: Int
  private let geometry: BatchGeometry
  private let documents: (_ replica: Int, _ step: Int) -> [Example]

  package init(
    replicas: Int, geometry: BatchGeometry,
    documents: @escaping (_ replica: Int, _ step: Int) -> [Example]
  ) {
    self.replicas = replicas
    self.geometry = geometry
    self.documents = documents
  }

  package func batches(_ step: Int) -> [CohortBatch] {
    CohortBatch.parts((0..<replicas).map { documents($0, step) }, geometry: geometry)
  }
}
