public import Foundation
import Text

extension HuggingFaceFolder {
  /// The largest weights' file that is read.
  private static let weightsLimit = 16 << 30
  /// The largest JSON file that is read.
  private static let textLimit = 16 << 20

  /// Reads a folder and checks that it is complete. Every tensor of the configuration must be there
  /// once, with its shape and finite values, and there must be no other tensors. The tokenizer must
  /// be the byte tokenizer.
  ///
  /// Nothing outside the folder is opened, except through symbolic links in it. Files that can
  /// contain code (pickled weights, chat templates) are not opened.
  ///
  /// - Throws: `CheckpointError` that names the file.
  public static func read(_ folder: URL) throws(CheckpointError) -> Contents {
    try requireFiles(folder)
    let name = { (file: String) in "\(folder.path)/\(file)" }
    let configurationFile = try CheckpointFile(
      folder.appending(path: "config.json"), name: name("config.json"))
    let configuration = try LlamaConfiguration(
      configurationJSON: configurationFile.contents(limit: textLimit),
      file: configurationFile.name)

    let tokenizer = ByteTokenizer(vocabularySize: configuration.vocabularySize)
    let tokenizerFile = try CheckpointFile(
      folder.appending(path: "tokenizer.json"), name: name("tokenizer.json"))
    try tokenizer.check(tokenizerFile.contents(limit: textLimit), file: tokenizerFile.name)

    let weights = try CheckpointFile(
      folder.appending(path: "model.safetensors"), name: name("model.safetensors"))
    let (tensors, metadata) = try tensors(configuration, in: weights)
    return Contents(
      configuration: configuration, tensors: tensors, metadata: metadata, tokenizer: tokenizer)
  }

  private static func requireFiles(_ folder: URL) throws(CheckpointError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
      throw CheckpointError(file: folder.path, .missing)
    }
    guard isFolder.boolValue else { throw CheckpointError(file: folder.path, .isFile) }
    let missing = ["config.json", "model.safetensors", "tokenizer.json"].filter {
      !exists($0, in: folder)
    }
    if missing.contains("model.safetensors"), exists("model.safetensors.index.json", in: folder) {
      throw CheckpointError(file: "\(folder.path)/model.safetensors.index.json", .sharded)
    }
    guard missing.isEmpty else { throw CheckpointError(file: folder.path, .missingFiles(missing)) }
  }

  /// Whether there is an entry with that name. A broken link counts.
  private static func exists(_ name: String, in folder: URL) -> Bool {
    (try? FileManager.default.attributesOfItem(atPath: folder.appending(path: name).path)) != nil
  }

  /// Reads the tensors. The header is compared with the configuration before any weight is read.
  private static func tensors(
    _ configuration: LlamaConfiguration, in file: CheckpointFile
  ) throws(CheckpointError) -> (tensors: [NamedTensor], metadata: [String: String]) {
    guard file.byteCount <= weightsLimit else {
      throw CheckpointError(
        file: file.name, .tooLarge(bytes: file.byteCount, limit: weightsLimit))
    }
    let (header, dataOffset) = try Safetensors.header(of: file)
    let expected = configuration.expectedTensors
    let entries = Dictionary(uniqueKeysWithValues: header.entries.map { (UTF8Key($0.name), $0) })
    let missing = expected.map(\.name).filter { entries[UTF8Key($0)] == nil }
    guard missing.isEmpty else {
      throw CheckpointError(file: file.name, .missingTensors(missing))
    }
    let names = Set(expected.map { UTF8Key($0.name) })
    let unknown = header.entries.map(\.name).filter { !names.contains(UTF8Key($0)) }
    guard unknown.isEmpty else {
      throw CheckpointError(file: file.name, .unknownTensors(unknown))
    }
    var tensors: [NamedTensor] = []
    tensors.reserveCapacity(expected.count)
    for (name, shape) in expected {
      guard let entry = entries[UTF8Key(name)] else { continue }
      guard entry.shape == shape else {
        throw CheckpointError(
          file: file.name, place: .tensor(name), .wrongShape(found: entry.shape, expected: shape))
      }
      let tensor = try Safetensors.tensor(entry, dataOffset: dataOffset, from: file)
      try requireFinite(tensor, file: file.name)
      tensors.append(tensor)
    }
    return (tensors, header.metadata)
  }
}
