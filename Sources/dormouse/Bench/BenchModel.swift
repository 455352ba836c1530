import ArgumentParser
import Tensors
import Text
import Transformers

/// A model of `bench`: width, depth and batch of a size of a small study.
struct BenchModel {
  let name: String
  private(set) var configuration: ModelConfiguration
  let batch: Int
  let positions: Int

  /// Makes a model with heads of width 32. The feed-forward width is the multiple of 8 nearest to 8C/3,
  /// so a block has 12C² parameters.
  private init(_ name: String, channels c: Int, layers: Int, batch: Int, positions: Int) {
    self.name = name
    configuration = ModelConfiguration(
      vocabularySize: 272, channels: c, layers: layers, heads: max(1, c / 32),
      feedForwardWidth: (c * 8 / 3 + 4) / 8 * 8)
    self.batch = batch
    self.positions = positions
  }

  /// The same model with products of another precision.
  func with(_ precision: Precision) -> BenchModel {
    var model = self
    model.configuration.precision = precision
    return model
  }

  /// The sizes of one block's attention.
  var attention: AttentionSizes {
    AttentionSizes(
      batch: batch, positions: positions, heads: configuration.heads,
      headWidth: configuration.headWidth)
  }

  static let all = [
    BenchModel("0.03M", channels: 32, layers: 2, batch: 32, positions: 64),
    BenchModel("0.1M", channels: 64, layers: 2, batch: 32, positions: 128),
    BenchModel("0.9M", channels: 128, layers: 4, batch: 32, positions: 128),
    BenchModel("5M", channels: 256, layers: 6, batch: 32, positions: 128),
    BenchModel("25M", channels: 512, layers: 8, batch: 8, positions: 256),
    BenchModel("85M", channels: 768, layers: 12, batch: 16, positions: 512),
  ]

  /// The models without `--model`. On a processor the largest model would take minutes.
  static func usual(on backend: any Backend) -> [BenchModel] {
    backend.workingSet == nil && backend.device.backend == "opencl"
      ? all : all.filter { $0.name != "85M" }
  }

  /// Checks the names of `--model`.
  ///
  /// - Throws: `ValidationError` for an unknown name.
  static func validate(_ names: [String]) throws {
    if let unknown = names.first(where: { name in !all.contains { $0.name == name } }) {
      throw ValidationError(
        "--model: expected one of \(all.map(\.name).joined(separator: ", ")), found \"\(unknown.printable())\"."
      )
    }
  }
}
