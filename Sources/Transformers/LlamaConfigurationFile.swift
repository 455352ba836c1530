import JSON
import Tensors

extension LlamaConfiguration {
  /// `config.json` as `transformers` reads it, from version 4 on.
  public var configurationJSON: String {
    JSONWriter.text(
      [
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": false,
        "attention_dropout": 0.0,
        "bos_token_id": .integer(Int(ByteTokenizer.beginOfText)),
        "eos_token_id": .integer(Int(ByteTokenizer.endOfText)),
        "head_dim": .integer(headWidth),
        "hidden_act": "silu",
        "hidden_size": .integer(hiddenSize),
        "intermediate_size": .integer(intermediateSize),
        "max_position_embeddings": .integer(maximumPositions),
        "mlp_bias": false,
        "model_type": "llama",
        "num_attention_heads": .integer(heads),
        "num_hidden_layers": .integer(layers),
        "num_key_value_heads": .integer(heads),
        "pad_token_id": .integer(Int(ByteTokenizer.padding)),
        "rms_norm_eps": .number(rmsNormEpsilon),
        "rope_theta": .number(ropeTheta),
        "tie_word_embeddings": .boolean(tied),
        "torch_dtype": "float32",
        "use_cache": true,
        "vocab_size": .integer(vocabularySize),
      ], layout: .indented)
  }

  /// `generation_config.json`: the special tokens, and nothing about sampling.
  static let generationConfigurationJSON = JSONWriter.text(
    [
      "bos_token_id": .integer(Int(ByteTokenizer.beginOfText)),
      "eos_token_id": .integer(Int(ByteTokenizer.endOfText)),
      "pad_token_id": .integer(Int(ByteTokenizer.padding)),
    ], layout: .indented)

  /// Reads a `config.json`.
  ///
  /// A key that changes the model's computation must have the value that this program computes.
  /// Keys that only concern training or loading in other programs are ignored.
  ///
  /// - Throws: `CheckpointError` if the file is not JSON or a key has a value that is not
  ///   supported.
  public init(configurationJSON bytes: [UInt8], file: String) throws(CheckpointError) {
    do throws(JSONFault) {
      try self.init(JSONFields(of: bytes))
    } catch {
      throw CheckpointError(file: file, .json(error))
    }
  }

  private init(_ fields: JSONFields) throws(JSONFault) {
    try fields.require("architectures", ["LlamaForCausalLM"], "[\"LlamaForCausalLM\"]")
    try fields.require("model_type", "llama", "\"llama\"")
    for key in ["auto_map", "quantization_config"] where fields.object[key] != nil {
      throw fields.fault(key, .notSupported)
    }
    self.init(
      vocabularySize: try fields.integer(
        "vocab_size", in: ByteTokenizer.minimumVocabularySize...1 << 20),
      hiddenSize: try fields.integer("hidden_size", in: 2...1 << 16),
      intermediateSize: try fields.integer("intermediate_size", in: 1...1 << 18),
      layers: try fields.integer("num_hidden_layers", in: 1...1024),
      heads: try fields.integer("num_attention_heads", in: 1...1024),
      maximumPositions: try fields.integer("max_position_embeddings", in: 1...1 << 24),
      ropeTheta: try Self.ropeTheta(fields),
      rmsNormEpsilon: try fields.positive("rms_norm_eps"),
      // `transformers` omits default values, and Llama's default is false.
      tied: fields.object["tie_word_embeddings"] == nil
        ? false : try fields.boolean("tie_word_embeddings"))
    // Rotary positions rotate pairs of channels, so D must be even.
    guard hiddenSize.isMultiple(of: 2 * heads) else {
      throw fields.fault(
        "hidden_size",
        .wrongValue(found: "\(hiddenSize)", expected: "a multiple of twice the \(heads) heads"))
    }
    // The limit of the attention of every backend.
    guard headWidth <= AttentionSizes.maximumHeadWidth else {
      throw fields.fault(
        "hidden_size",
        .wrongValue(
          found: "\(hiddenSize)",
          expected: "at most \(AttentionSizes.maximumHeadWidth) channels a head, with \(heads) "
            + (heads == 1 ? "head" : "heads")))
    }
    try fields.requireIfPresent("num_key_value_heads", .integer(heads), "the \(heads) heads")
    try fields.requireIfPresent("head_dim", .integer(headWidth), "\(headWidth)")
    try fields.requireIfPresent("hidden_act", "silu", "\"silu\"")
    try fields.requireIfPresent("attention_bias", false, "false")
    try fields.requireIfPresent("mlp_bias", false, "false")
    try fields.requireIfPresent("rope_scaling", .null, "null")
    try fields.requireIfPresent("pretraining_tp", 1, "1")
    for (key, id) in [
      ("bos_token_id", ByteTokenizer.beginOfText), ("eos_token_id", ByteTokenizer.endOfText),
    ] {
      try fields.require(key, .integer(Int(id)), "\(id)")
    }
  }

  /// The rotary base: a separate key up to version 4 of `transformers`, a member of another key in
  /// version 5.
  private static func ropeTheta(_ fields: JSONFields) throws(JSONFault) -> Double {
    guard fields.object["rope_parameters"] != nil else { return try fields.positive("rope_theta") }
    let parameters = try fields.object("rope_parameters")
    try parameters.requireIfPresent("rope_type", "default", "\"default\"")
    try parameters.requireIfPresent("partial_rotary_factor", 1.0, "1.0")
    let base = try parameters.positive("rope_theta")
    if fields.object["rope_theta"] != nil, try fields.positive("rope_theta") != base {
      throw fields.fault(
        "rope_theta", .wrongValue(found: "another number", expected: "rope_parameters.rope_theta"))
    }
    return base
  }
}
