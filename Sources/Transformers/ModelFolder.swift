public import Foundation

/// Models as Hugging Face folders, and as the parameters of one replica.
public enum ModelFolder {
  /// A replica's P parameters under Hugging Face's names.
  static func tensors(_ parameters: [Float], _ configuration: ModelConfiguration) -> [NamedTensor] {
    ParameterLayout(configuration).entries.map { entry in
      NamedTensor(
        name: entry.name, shape: entry.shape,
        values: Array(parameters[entry.offset..<entry.offset + entry.count]))
    }
  }

  /// The bytes of a `model.safetensors`.
  public static func encode(
    _ parameters: [Float], _ configuration: ModelConfiguration, metadata: [String: String] = [:]
  ) -> Data {
    Safetensors.encode(
      tensors(parameters, configuration),
      metadata: metadata.merging(["format": "pt"]) { old, _ in old })
  }

  /// The P parameters in the bytes of a `model.safetensors` of a known configuration.
  ///
  /// - Throws: `CheckpointError`.
  public static func parameters(
    of data: Data, _ configuration: ModelConfiguration, file: String
  ) throws -> [Float] {
    try parameters(of: Safetensors.decode(data, file: file).tensors, configuration, file: file)
  }

  private static func parameters(
    of tensors: [NamedTensor], _ configuration: ModelConfiguration, file: String
  ) throws -> [Float] {
    let layout = ParameterLayout(configuration)
    let byName = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
    var parameters = [Float](repeating: 0, count: layout.count)
    for entry in layout.entries {
      guard let tensor = byName[entry.name] else {
        throw CheckpointError(file: file, .missingTensors([entry.name]))
      }
      guard tensor.shape == entry.shape else {
        throw CheckpointError(
          file: file, place: .tensor(entry.name),
          .wrongShape(found: tensor.shape, expected: entry.shape))
      }
      parameters.replaceSubrange(entry.offset..<entry.offset + entry.count, with: tensor.values)
    }
    return parameters
  }

  /// Writes a model as a folder that Hugging Face's `transformers` loads.
  ///
  /// - Parameter write: Writes one file; the default uses Foundation.
  /// - Throws: `CheckpointError` if a value is not finite, and what `write` throws.
  public static func write(
    _ parameters: [Float], _ configuration: ModelConfiguration, maximumPositions: Int,
    to folder: URL, metadata: [String: String], modelCard: ModelCard,
    writing write: (Data, URL) throws -> Void = { try $0.write(to: $1) }
  ) throws {
    // Epsilon is converted through its text, because the float as a double prints as
    // 9.999999747378752e-06.
    try HuggingFaceFolder.write(
      to: folder,
      configuration: LlamaConfiguration(
        vocabularySize: configuration.vocabularySize, hiddenSize: configuration.channels,
        intermediateSize: configuration.feedForwardWidth, layers: configuration.layers,
        heads: configuration.heads, maximumPositions: maximumPositions,
        ropeTheta: configuration.ropeBase,
        rmsNormEpsilon: Double("\(configuration.normEpsilon)") ?? 1e-5,
        tied: configuration.tiesEmbeddings),
      tensors: tensors(parameters, configuration), metadata: metadata,
      modelCard: modelCard.text, writing: write)
  }

  /// Reads a folder from `write`, or another Llama folder within this program's limits.
  ///
  /// - Throws: `CheckpointError`.
  public static func read(
    _ folder: URL
  ) throws -> (configuration: ModelConfiguration, parameters: [Float], maximumPositions: Int) {
    let contents = try HuggingFaceFolder.read(folder)
    let llama = contents.configuration
    let configuration = ModelConfiguration(
      vocabularySize: llama.vocabularySize, channels: llama.hiddenSize, layers: llama.layers,
      heads: llama.heads, feedForwardWidth: llama.intermediateSize, ropeBase: llama.ropeTheta,
      normEpsilon: Float(llama.rmsNormEpsilon), tiesEmbeddings: llama.tied)
    return (
      configuration,
      try parameters(
        of: contents.tensors, configuration, file: folder.path + "/model.safetensors"),
      llama.maximumPositions
    )
  }
}
