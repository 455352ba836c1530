import Text
import JSON
import Foundation
import TestSupport
import Testing
import Transformers

/// One way to spoil a model folder, and the line that reading it ends in.
struct FolderDamage: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var message: String
  var exitCode: Int32 = 65
  var apply: @Sendable (URL) throws -> Void
}

/// Damaged and hostile model folders: each ends in one line that names the file and the place.
@Suite struct HostileFolderTests {
  /// Reads the folder after `damage`, and compares the error with the folder's path left out.
  func expect(_ damage: FolderDamage) throws {
    let folder = try ScratchFolder()
    let model = folder.url.appending(path: "m")
    try SampleModel.write(to: model)
    try damage.apply(model)
    let error = #expect(throws: CheckpointError.self) { try HuggingFaceFolder.read(model) }
    let line = error?.line.replacing("\(folder.url.path)/", with: "")
    #expect(line == damage.message)
    #expect(error?.exitCode.rawValue == damage.exitCode)
    #expect(error?.line.contains("\n") == false)
  }

  // MARK: Files

  static func remove(_ names: String...) -> @Sendable (URL) throws -> Void {
    { folder in
      for name in names { try FileManager.default.removeItem(at: folder.appending(path: name)) }
    }
  }

  static func put(_ name: String, _ text: String) -> @Sendable (URL) throws -> Void {
    { folder in try Data(text.utf8).write(to: folder.appending(path: name)) }
  }

  private static let files: [FolderDamage] = [
    FolderDamage(
      testDescription: "no folder", message: "m: does not exist", exitCode: 66,
      apply: { try FileManager.default.removeItem(at: $0) }),
    FolderDamage(
      testDescription: "file for folder", message: "m: is a file, not a folder",
      exitCode: 66,
      apply: {
        try FileManager.default.removeItem(at: $0)
        try Data().write(to: $0)
      }),
    FolderDamage(
      testDescription: "no configuration",
      message: "m: the model folder has no config.json "
        + "(a model folder has config.json, model.safetensors and tokenizer.json)",
      exitCode: 66, apply: remove("config.json")),
    FolderDamage(
      testDescription: "no weights, no tokenizer",
      message: "m: the model folder has no model.safetensors and tokenizer.json "
        + "(a model folder has config.json, model.safetensors and tokenizer.json)",
      exitCode: 66, apply: remove("model.safetensors", "tokenizer.json")),
    FolderDamage(
      testDescription: "shards",
      message: "m/model.safetensors.index.json: the weights are split into several files "
        + "(save the model again as one model.safetensors)",
      apply: { folder in
        try remove("model.safetensors")(folder)
        try put("model.safetensors.index.json", #"{"weight_map":{"x":"../../etc/passwd"}}"#)(folder)
      }),
    FolderDamage(
      testDescription: "pointer for weights",
      message: "m/model.safetensors: is a Git LFS pointer in place of the file "
        + "(fetch it with: git lfs pull)",
      apply: put(
        "model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")),
    FolderDamage(
      testDescription: "pointer for tokenizer",
      message: "m/tokenizer.json: is a Git LFS pointer in place of the file "
        + "(fetch it with: git lfs pull)",
      apply: put(
        "tokenizer.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")),
    FolderDamage(
      testDescription: "folder for file", message: "m/config.json: is a folder, not a file",
      exitCode: 66,
      apply: { folder in
        try remove("config.json")(folder)
        try FileManager.default.createDirectory(
          at: folder.appending(path: "config.json"), withIntermediateDirectories: false)
      }),
    FolderDamage(
      testDescription: "pipe for file", message: "m/model.safetensors: is a named pipe, not a file",
      exitCode: 66,
      apply: { folder in
        try remove("model.safetensors")(folder)
        #expect(mkfifo(folder.appending(path: "model.safetensors").path, 0o600) == 0)
      }),
    FolderDamage(
      testDescription: "device for file", message: "m/tokenizer.json: is a device, not a file",
      exitCode: 66,
      apply: { folder in
        try remove("tokenizer.json")(folder)
        try FileManager.default.createSymbolicLink(
          atPath: folder.appending(path: "tokenizer.json").path, withDestinationPath: "/dev/zero")
      }),
    FolderDamage(
      testDescription: "loop of links",
      message: "m/config.json: cannot be read: Too many levels of symbolic links", exitCode: 66,
      apply: { folder in
        try remove("config.json")(folder)
        try FileManager.default.createSymbolicLink(
          atPath: folder.appending(path: "config.json").path, withDestinationPath: "config.json")
      }),
    FolderDamage(
      testDescription: "link to nowhere", message: "m/model.safetensors: does not exist",
      exitCode: 66,
      apply: { folder in
        try remove("model.safetensors")(folder)
        try FileManager.default.createSymbolicLink(
          atPath: folder.appending(path: "model.safetensors").path, withDestinationPath: "gone")
      }),
    FolderDamage(
      testDescription: "sparse terabyte of JSON",
      message: "m/config.json: has 1099511627776 bytes, and at most 16777216 are supported",
      apply: { #expect(truncate($0.appending(path: "config.json").path, 1 << 40) == 0) }),
    FolderDamage(
      testDescription: "sparse terabyte of weights",
      message: "m/model.safetensors: has 1099511627776 bytes, and at most 17179869184 "
        + "are supported",
      apply: { #expect(truncate($0.appending(path: "model.safetensors").path, 1 << 40) == 0) }),
    FolderDamage(
      testDescription: "sparse gigabyte of weights",
      message: "m/model.safetensors: the tensors end at byte 13216, the data at byte 1073739832",
      apply: { #expect(truncate($0.appending(path: "model.safetensors").path, 1 << 30) == 0) }),
    FolderDamage(
      testDescription: "empty weights",
      message: "m/model.safetensors: has 0 bytes, fewer than the 8 bytes of the header's length",
      apply: put("model.safetensors", "")),
    FolderDamage(
      testDescription: "empty configuration",
      message: "m/config.json: byte 1: expected a value, found the end",
      apply: put("config.json", "")),
  ]

  @Test(arguments: files) func refusesFiles(_ damage: FolderDamage) throws { try expect(damage) }

  // MARK: Configuration

  /// Replaces a line's value in `config.json`, or takes the line out.
  private static func change(
    _ key: String, _ value: String?, in text: String = SampleModel.configuration.configurationJSON
  ) -> String {
    text.split(separator: "\n").compactMap { line in
      guard line.hasPrefix("  \"\(key)\":") else { return String(line) }
      return value.map { "  \"\(key)\": \($0)\(line.hasSuffix(",") ? "," : "")" }
    }.joined(separator: "\n")
  }

  @Test(arguments: [
    ("model_type", nil, "model_type: missing; add \"llama\""),
    ("model_type", "\"gpt2\"", "model_type: expected \"llama\", found \"gpt2\""),
    (
      "model_type", "\"a\\u001b[2J\\nb\"",
      "model_type: expected \"llama\", found \"a\\u001b[2J\\nb\""
    ),
    ("model_type", "7", "model_type: expected \"llama\", found 7"),
    ("num_hidden_layers", nil, "num_hidden_layers: missing; add an integer from 1 to 1024"),
    ("vocab_size", "272.0", "vocab_size: expected an integer from 259 to 1048576, found a number"),
    (
      "vocab_size", "\"272\"", "vocab_size: expected an integer from 259 to 1048576, found a string"
    ),
    ("vocab_size", "-1", "vocab_size: expected an integer from 259 to 1048576, found -1"),
    ("vocab_size", "258", "vocab_size: expected an integer from 259 to 1048576, found 258"),
    (
      "vocab_size", "9223372036854775807",
      "vocab_size: expected an integer from 259 to 1048576, found 9223372036854775807"
    ),
    (
      "vocab_size", "9223372036854775808",
      "vocab_size: expected an integer from 259 to 1048576, found a number"
    ),
    ("hidden_size", "0", "hidden_size: expected an integer from 2 to 65536, found 0"),
    ("hidden_size", "10", "hidden_size: expected a multiple of twice the 2 heads, found 10"),
    (
      "hidden_size", "260",
      "hidden_size: expected at most 128 channels a head, with 2 heads, found 260"
    ),
    ("hidden_size", "null", "hidden_size: expected an integer from 2 to 65536, found null"),
    ("intermediate_size", "0", "intermediate_size: expected an integer from 1 to 262144, found 0"),
    ("num_hidden_layers", "0", "num_hidden_layers: expected an integer from 1 to 1024, found 0"),
    (
      "num_hidden_layers", "1000000000",
      "num_hidden_layers: expected an integer from 1 to 1024, found 1000000000"
    ),
    (
      "num_attention_heads", "0", "num_attention_heads: expected an integer from 1 to 1024, found 0"
    ),
    ("num_attention_heads", "3", "hidden_size: expected a multiple of twice the 3 heads, found 8"),
    ("num_attention_heads", "8", "hidden_size: expected a multiple of twice the 8 heads, found 8"),
    (
      "max_position_embeddings", "0",
      "max_position_embeddings: expected an integer from 1 to 16777216, found 0"
    ),
    ("num_key_value_heads", "1", "num_key_value_heads: expected the 2 heads, found 1"),
    ("head_dim", "8", "head_dim: expected 4, found 8"),
    ("hidden_act", "\"gelu\"", "hidden_act: expected \"silu\", found \"gelu\""),
    ("attention_bias", "true", "attention_bias: expected false, found true"),
    ("mlp_bias", "true", "mlp_bias: expected false, found true"),
    ("rms_norm_eps", "0", "rms_norm_eps: expected a number greater than 0, found 0"),
    ("rms_norm_eps", "-1e-5", "rms_norm_eps: expected a number greater than 0, found -0.00001"),
    ("rms_norm_eps", "[1]", "rms_norm_eps: expected a number greater than 0, found an array"),
    ("rope_theta", nil, "rope_theta: missing; add a number greater than 0"),
    ("rope_theta", "false", "rope_theta: expected a number greater than 0, found true or false"),
    ("tie_word_embeddings", "1", "tie_word_embeddings: expected true or false, found an integer"),
    ("eos_token_id", "2", "eos_token_id: expected 257, found 2"),
    ("eos_token_id", "[257, 258]", "eos_token_id: expected 257, found an array"),
    ("bos_token_id", nil, "bos_token_id: missing; add 256"),
    (
      "use_cache", "true, \"rope_scaling\": {\"factor\": 2.0}",
      "rope_scaling: expected null, found an object"
    ),
    ("use_cache", "true, \"auto_map\": {}", "auto_map: not supported"),
    ("use_cache", "true, \"quantization_config\": {}", "quantization_config: not supported"),
    ("use_cache", "true, \"pretraining_tp\": 2", "pretraining_tp: expected 1, found 2"),
    (
      "use_cache", "true, \"rope_parameters\": 1",
      "rope_parameters: expected an object, found an integer"
    ),
    (
      "use_cache", "true, \"rope_parameters\": {\"rope_type\": \"yarn\"}",
      "rope_parameters.rope_type: expected \"default\", found \"yarn\""
    ),
    (
      "use_cache", "true, \"rope_parameters\": {}",
      "rope_parameters.rope_theta: missing; add a number greater than 0"
    ),
    (
      "use_cache", "true, \"rope_parameters\": {\"rope_theta\": 5}",
      "rope_theta: expected rope_parameters.rope_theta, found another number"
    ),
    ("use_cache", "true, \"use_cache\": true", "byte 555: the key \"use_cache\" is written twice"),
    ("use_cache", "NaN", "byte 549: expected a value, found \"N\""),
  ])
  func refusesConfigurations(_ key: String, _ value: String?, _ message: String) throws {
    let text = Self.change(key, value)
    try expect(
      FolderDamage(
        testDescription: key, message: "m/config.json: " + message,
        apply: Self.put("config.json", text)))
  }

  @Test(arguments: [
    ("[]", "expected an object, found an array"), ("\"x\"", "expected an object, found a string"),
    ("{}", "architectures: missing; add [\"LlamaForCausalLM\"]"),
    ("\u{FEFF}{}", "byte 1: starts with a byte-order mark; save the file as UTF-8 without one"),
    (
      #"{"architectures":["GPT2LMHeadModel"]}"#,
      #"architectures: expected ["LlamaForCausalLM"], found an array"#
    ),
    (
      #"{"architectures":"LlamaForCausalLM"}"#,
      #"architectures: expected ["LlamaForCausalLM"], found "LlamaForCausalLM""#
    ),
    (
      #"{"architectures":["LlamaForCausalLM","X"]}"#,
      #"architectures: expected ["LlamaForCausalLM"], found an array"#
    ),
  ])
  func refusesOtherDocuments(_ text: String, _ message: String) throws {
    try expect(
      FolderDamage(
        testDescription: text, message: "m/config.json: " + message,
        apply: Self.put("config.json", text)))
  }

  // MARK: Chance

  /// A folder with a few bits turned over is read or refused, and never ends the program.
  @Test func survivesBitFlips() throws {
    let folder = try ScratchFolder()
    try SampleModel.write(to: folder.url)
    var generator = SplitMix64(state: 9)
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
      let url = folder.url.appending(path: name)
      let whole = try Data(contentsOf: url)
      // The weights' header, not the weights themselves: any weight is as good as another.
      let range = name.hasPrefix("model") ? 0..<1992 : 0..<whole.count
      var refused = 0
      for _ in 0..<200 {
        var data = whole
        for _ in 0..<2 {
          data[Int.random(in: range, using: &generator)] ^=
            1 << UInt8.random(in: 0..<8, using: &generator)
        }
        try data.write(to: url)
        do {
          _ = try HuggingFaceFolder.read(folder.url)
        } catch {
          refused += 1
          #expect(!error.line.contains { $0.isNewline })
        }
      }
      #expect(refused > 100)
      try whole.write(to: url)
    }
  }
}
