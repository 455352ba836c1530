import Foundation
import TestSupport
import Testing
import Transformers

/// Parameters of a replica as folders and as JSON, with tied embeddings and without.
@Suite struct ModelFolderTests {
  private static func configuration(tied: Bool) -> ModelConfiguration {
    ModelConfiguration(
      channels: 8, layers: 1, heads: 2, feedForwardWidth: 12, ropeBase: 500, normEpsilon: 0.25,
      tiesEmbeddings: tied)
  }

  @Test(arguments: [true, false])
  func readsWhatItWrote(_ tied: Bool) throws {
    let configuration = Self.configuration(tied: tied)
    let values = ParameterLayout(configuration).initialValues(seed: 5)
    let folder = try ScratchFolder()
    try ModelFolder.write(
      values, configuration, maximumPositions: 64, to: folder.url, metadata: [:],
      modelCard: SampleModel.card)
    let read = try ModelFolder.read(folder.url)
    #expect(read.configuration == configuration)
    #expect(read.parameters == values)
    #expect(read.maximumPositions == 64)
    let contents = try HuggingFaceFolder.read(folder.url)
    #expect(contents.configuration.tied == tied)
    let output = contents.tensors.first { $0.name == "lm_head.weight" }
    #expect(output?.shape == (tied ? nil : [272, 8]))
    let layout = ParameterLayout(configuration)
    #expect(
      output?.values == (tied ? nil : Array(values[layout.decayed - 272 * 8..<layout.decayed])))
  }

  /// A tied model's JSON has no key that tells of ties.
  @Test func encoding() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    func text(_ configuration: ModelConfiguration) throws -> String {
      String(decoding: try encoder.encode(configuration), as: UTF8.self)
    }
    let sizes =
      "{\"channels\":8,\"feedForwardWidth\":12,\"heads\":2,\"layers\":1,"
      + "\"normEpsilon\":0.25,\"ropeBase\":500,"
    #expect(try text(Self.configuration(tied: true)) == sizes + "\"vocabularySize\":272}")
    #expect(
      try text(Self.configuration(tied: false))
        == sizes + "\"tiesEmbeddings\":false,\"vocabularySize\":272}")
    for tied in [true, false] {
      let configuration = Self.configuration(tied: tied)
      #expect(
        try JSONDecoder().decode(ModelConfiguration.self, from: encoder.encode(configuration))
          == configuration)
    }
  }
}
