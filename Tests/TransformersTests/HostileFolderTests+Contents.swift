import Text
import JSON
import Foundation
import TestSupport
import Testing
import Transformers

/// Damage in the contents of weights and tokenizers.
extension HostileFolderTests {
  // MARK: Weights

  /// Rewrites the weights after a change.
  private static func weights(
    _ change: @escaping @Sendable (inout [NamedTensor]) -> Void
  ) -> @Sendable (URL) throws -> Void {
    { folder in
      var tensors = SampleModel.tensors()
      change(&tensors)
      try Safetensors.encode(tensors).write(to: folder.appending(path: "model.safetensors"))
    }
  }

  private static let tensors: [FolderDamage] = [
    FolderDamage(
      testDescription: "missing tensor",
      message: "config.json needs the tensor \"model.norm.weight\", which the file does not have",
      apply: weights { $0.removeLast() }),
    FolderDamage(
      testDescription: "missing tensors",
      message: "config.json needs 20 tensors: \"model.embed_tokens.weight\", "
        + "\"model.layers.0.input_layernorm.weight\", \"model.layers.0.self_attn.q_proj.weight\" "
        + "and others, which the file does not have",
      apply: weights { $0.removeAll { _ in true } }),
    FolderDamage(
      testDescription: "output layer of a tied model",
      message: "the file has the tensor \"lm_head.weight\", which config.json does not need",
      apply: weights {
        $0.append(
          NamedTensor(
            name: "lm_head.weight", shape: [272, 8], values: Array(repeating: 0, count: 2176)))
      }),
    FolderDamage(
      testDescription: "two unknown tensors",
      message: "the file has 2 tensors: \"\\u{202e}x\", \"y\", which config.json does not need",
      apply: weights {
        $0.append(NamedTensor(name: "\u{202E}x", shape: [], values: [1]))
        $0.append(NamedTensor(name: "y", shape: [0], values: []))
      }),
    FolderDamage(
      testDescription: "name with a Kelvin sign",
      message: "config.json needs the tensor \"model.norm.weight\", which the file does not have",
      apply: weights { $0[19].name = "model.norm.weigh\u{212A}" }),
    FolderDamage(
      testDescription: "transposed",
      message:
        "tensor \"model.layers.0.mlp.down_proj.weight\": expected shape [8, 12], found [12, 8]",
      apply: weights { $0[9].shape = [12, 8] }),
    FolderDamage(
      testDescription: "flat",
      message: "tensor \"model.embed_tokens.weight\": expected shape [272, 8], found [2176]",
      apply: weights { $0[0].shape = [2176] }),
    FolderDamage(
      testDescription: "more dimensions",
      message: "tensor \"model.norm.weight\": expected shape [8], found [1, 8]",
      apply: weights { $0[19].shape = [1, 8] }),
    FolderDamage(
      testDescription: "not a number",
      message: "tensor \"model.layers.1.mlp.up_proj.weight\": element 5 is not a finite number",
      apply: weights { $0[17].values[5] = .nan }),
    FolderDamage(
      testDescription: "infinite",
      message: "tensor \"model.embed_tokens.weight\": element 2175 is not a finite number",
      apply: weights { $0[0].values[2175] = -.infinity }),
    FolderDamage(
      testDescription: "cut short",
      message:
        "the tensors end at byte 13216, the data at byte 13215 (the file is incomplete; copy it again)",
      apply: { folder in
        let url = folder.appending(path: "model.safetensors")
        try Data(contentsOf: url).dropLast().write(to: url)
      }),
    FolderDamage(
      testDescription: "something behind",
      message: "the tensors end at byte 13216, the data at byte 13217",
      apply: { folder in
        let url = folder.appending(path: "model.safetensors")
        try (Data(contentsOf: url) + Data([0])).write(to: url)
      }),
  ]

  @Test(arguments: tensors) func refusesWeights(_ damage: FolderDamage) throws {
    var damage = damage
    damage.message = "m/model.safetensors: " + damage.message
    try expect(damage)
  }

  // MARK: Tokenizer

  @Test(arguments: [
    (
      "\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}",
      "normalizer: expected null, found an object"
    ),
    (
      "\"use_regex\": false", "\"use_regex\": true",
      "pre_tokenizer.use_regex: expected false, found true"
    ),
    (
      "\"add_prefix_space\": false", "\"add_prefix_space\": true",
      "pre_tokenizer.add_prefix_space: expected false, found true"
    ),
    (
      "\"type\": \"BPE\"", "\"type\": \"Unigram\"",
      "model.type: expected \"BPE\", found \"Unigram\""
    ),
    (
      "\"merges\": []", "\"merges\": [\"a b\"]",
      "model.merges: expected an empty array, found an array"
    ),
    ("\"a\": 97", "\"a\": 98", "model.vocab.a: expected 97, found 98"),
    ("\"a\": 97,", "", "model.vocab.a: missing; add 97"),
    ("\"<eos>\": 257", "\"</s>\": 257", "model.vocab.<eos>: missing; add 257"),
    ("\"<unused-259>\": 259", "\"the\": 272", "model.vocab.the: not a known key"),
    ("\"<unused-259>\": 259", "\"the\": 97", "model.vocab.the: not a known key"),
    (
      "\"id\": 257", "\"id\": 256",
      "added_tokens[1]: expected a special token of the byte tokenizer, found another token"
    ),
    (
      "\"id\": 257", "\"id\": 97",
      "added_tokens[1]: expected a special token of the byte tokenizer, found another token"
    ),
    ("\"model\": {", "\"model\": 1, \"x\": {", "model: expected an object, found an integer"),
    ("\"À\"", "\"A\\u0300\"", "model.vocab.À: missing; add 192"),
  ])
  func refusesTokenizers(_ old: String, _ new: String, _ message: String) throws {
    let text = ByteTokenizer().tokenizerJSON
    let range = try #require(text.range(of: old, options: .literal))
    try expect(
      FolderDamage(
        testDescription: old, message: "m/tokenizer.json: " + message,
        apply: Self.put("tokenizer.json", text.replacingCharacters(in: range, with: new))))
  }

  /// The smallest vocabulary has no id to spare.
  @Test func aTokenTooManyForTheSmallestVocabulary() throws {
    var configuration = SampleModel.configuration
    configuration.vocabularySize = 259
    let folder = try ScratchFolder()
    try SampleModel.write(to: folder.url, configuration)
    #expect(throws: Never.self) { try HuggingFaceFolder.read(folder.url) }
    try Self.put("tokenizer.json", ByteTokenizer(vocabularySize: 260).tokenizerJSON)(folder.url)
    let error = #expect(throws: CheckpointError.self) { try HuggingFaceFolder.read(folder.url) }
    #expect(
      error?.problem == .json(JSONFault(.unknownKey, at: .field("model.vocab.<unused-259>"))))
  }
}
