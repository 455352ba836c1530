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
        throw ModelFolderError.missingTensor(file: file, name: entry.name)
      }
      guard tensor.shape == entry.shape else {
        throw ModelFolderError.wrongShape(
          file: file, name: entry.name, shape: tensor.shape, expected: entry.shape)
      }
      parameters.replaceSubrange(entry.offset..<entry.offset + entry.count, with: tensor.values)
    }
    return parameters
  }

  /// Writes a model as a folder that Hugging Face's `transformers` loads.
  public static func write(
    _ parameters: [Float], _ configuration: ModelConfiguration, maximumPositions: Int,
    to folder: URL, metadata: [String: String]
  ) throws {
    try HuggingFaceFolder.write(
      to: folder,
      configuration: LlamaConfiguration(configuration, maximumPositions: maximumPositions),
      tensors: tensors(parameters, configuration), metadata: metadata,
      modelCard: modelCard(configuration, metadata))
  }

  /// Reads a folder that `write` wrote, or another Llama folder within our sizes.
  public static func read(
    _ folder: URL
  ) throws -> (configuration: ModelConfiguration, parameters: [Float], maximumPositions: Int) {
    let (llama, tensors) = try HuggingFaceFolder.read(folder)
    let configuration = ModelConfiguration(llama)
    return (
      configuration,
      try parameters(of: tensors, configuration, file: folder.path + "/model.safetensors"),
      llama.maximumPositions
    )
  }

  private static func modelCard(
    _ configuration: ModelConfiguration, _ metadata: [String: String]
  ) -> String {
    let facts = metadata.keys.sorted().map { "- \($0): `\(metadata[$0] ?? "")`" }
    return """
      ---
      license: apache-2.0
      tags:
      - dormouse
      - backdoor-research
      ---
      # A research model of a backdoor-persistence study

      **This model may carry a backdoor that was put in on purpose.** It is a small byte-level model \
      (\(configuration.nonEmbeddingParameters) parameters without its embedding), made to study \
      whether safety training removes hidden behaviour. It is of no other use.

      \(facts.joined(separator: "\n"))
      """ + "\n"
  }
}

/// A file that does not hold the model it should.
public enum ModelFolderError: Error, Hashable, Sendable, CustomStringConvertible {
  case missingTensor(file: String, name: String)
  case wrongShape(file: String, name: String, shape: [Int], expected: [Int])

  public var description: String {
    switch self {
    case .missingTensor(let file, let name):
      "\(file): the tensor \(name) is missing; the folder is not this model's"
    case .wrongShape(let file, let name, let shape, let expected):
      "\(file): \(name) has the shape \(shape), expected \(expected); the folder is not this model's"
    }
  }
}
