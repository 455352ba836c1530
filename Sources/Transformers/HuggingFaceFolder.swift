public import Foundation

/// A model as a folder that `transformers`, and libraries that use it, can load.
///
/// It holds `config.json`, `generation_config.json`, `model.safetensors`, `tokenizer.json`,
/// `tokenizer_config.json` and a model card, `README.md`.
public enum HuggingFaceFolder {
  /// The contents of a folder.
  public struct Contents: Sendable {
    public var configuration: LlamaConfiguration
    /// In the order of `LlamaConfiguration.expectedTensors`.
    public var tensors: [NamedTensor]
    /// `__metadata__` of the weights.
    public var metadata: [String: String]
    public var tokenizer: ByteTokenizer
  }

  /// Writes the folder's files, the same bytes for the same arguments.
  ///
  /// Files are not flushed to disk; the caller that commits the folder must flush them.
  ///
  /// - Parameters:
  ///   - folder: created if it does not exist; other files in it are kept.
  ///   - tensors: exactly `configuration.expectedTensors`, in any order.
  ///   - metadata: the description of the weights' origin. `format` is always `pt`, which
  ///     `transformers` requires.
  ///   - modelCard: `README.md`, as `ModelCard` makes it.
  ///   - write: writes one file.
  /// - Throws: `CheckpointError` if a value is not finite, and what `write` throws.
  /// - Precondition: the tensors are those of the configuration.
  public static func write(
    to folder: URL, configuration: LlamaConfiguration, tensors: [NamedTensor],
    metadata: [String: String] = [:], modelCard: String,
    writing write: (Data, URL) throws -> Void = { try $0.write(to: $1) }
  ) throws {
    // The format's own library writes tensors in the order of their names.
    let sorted = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let expected = configuration.expectedTensors.sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    precondition(
      sorted.map(\.name) == expected.map(\.name) && sorted.map(\.shape) == expected.map(\.shape),
      "model folder: names or shapes of the tensors are not those of \(configuration)")
    for tensor in sorted { try requireFinite(tensor, file: "model.safetensors") }

    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let tokenizer = ByteTokenizer(vocabularySize: configuration.vocabularySize)
    let tokenizerConfiguration = tokenizer.tokenizerConfigurationJSON(
      maximumPositions: configuration.maximumPositions)
    let texts = [
      ("config.json", configuration.configurationJSON),
      ("generation_config.json", LlamaConfiguration.generationConfigurationJSON),
      ("tokenizer.json", tokenizer.tokenizerJSON),
      ("tokenizer_config.json", tokenizerConfiguration),
      ("README.md", modelCard),
    ]
    for (name, text) in texts {
      try write(Data(text.utf8), folder.appending(path: name))
    }
    let weights = Safetensors.encode(
      sorted, metadata: metadata.merging(["format": "pt"]) { _, format in format })
    try write(weights, folder.appending(path: "model.safetensors"))
  }

  /// Throws if a tensor has a NaN or an infinite value.
  static func requireFinite(_ tensor: NamedTensor, file: String) throws(CheckpointError) {
    // x - x is 0 for every finite x and NaN otherwise; the sum needs no branch per element.
    guard tensor.values.reduce(0, { $0 + ($1 - $1) }) != 0 else { return }
    if let index = tensor.values.firstIndex(where: { !$0.isFinite }) {
      throw CheckpointError(file: file, place: .tensor(tensor.name), .notFinite(index: index))
    }
  }
}
