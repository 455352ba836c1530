import JSON
import Text

/// The byte tokenizer as the files of Hugging Face's libraries.
///
/// In a byte-level BPE (Radford et al. 2019) with 256 tokens and no merges a token's id is its
/// byte. By default the `tokenizers` library turns `<bos>` in a text into id 256. The setting
/// `split_special_tokens` of `tokenizer_config.json` makes `transformers` read it as bytes, as here
/// (`Tokenizer.encode_special_tokens` if `tokenizers` is used alone). Decoding an unused id gives
/// its name there and nothing here.
extension ByteTokenizer {
  /// `tokenizer.json`, the same bytes for the same vocabulary.
  public var tokenizerJSON: String {
    let specialTokens = Self.specialTokens.enumerated().map { index, content -> JSONValue in
      [
        "id": .integer(256 + index), "content": .string(content), "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": true,
      ]
    }
    let vocabulary = tokens.enumerated().map {
      JSONObject.Member(key: $0.element, value: .integer($0.offset))
    }
    return JSONWriter.text(
      [
        "version": "1.0",
        "truncation": nil,
        "padding": nil,
        "added_tokens": .array(specialTokens),
        "normalizer": nil,
        "pre_tokenizer": [
          "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
        ],
        "post_processor": Self.postProcessor,
        "decoder": [
          "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
        ],
        "model": [
          "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
          "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false,
          "ignore_merges": false, "vocab": .object(JSONObject(vocabulary)), "merges": [],
        ],
      ], layout: .indented)
  }

  /// Puts `<bos>` before a text unless the caller says `add_special_tokens=False`.
  ///
  /// It is in this file because version 5 of `transformers` ignores `add_bos_token` of
  /// `tokenizer_config.json`, which version 4 used. Without it prompts would lack the first token
  /// of every training document.
  private static var postProcessor: JSONValue {
    let name = JSONValue.string(specialTokens[0])
    let begin = { (type: Int) -> JSONValue in
      ["SpecialToken": ["id": name, "type_id": .integer(type)]]
    }
    let text = { (id: String, type: Int) -> JSONValue in
      ["Sequence": ["id": .string(id), "type_id": .integer(type)]]
    }
    let special: JSONValue = [
      "id": name, "ids": [.integer(Int(beginOfText))], "tokens": [name],
    ]
    return [
      "type": "TemplateProcessing",
      "single": [begin(0), text("A", 0)],
      "pair": [begin(0), text("A", 0), begin(1), text("B", 1)],
      "special_tokens": .object(JSONObject([(specialTokens[0], special)])),
    ]
  }

  /// `tokenizer_config.json`: documents begin with `<bos>` and are not ended for the caller.
  ///
  /// - Parameter maximumPositions: the longest sequence of the model.
  public func tokenizerConfigurationJSON(maximumPositions: Int) -> String {
    JSONWriter.text(
      [
        "add_bos_token": true,
        "add_eos_token": false,
        "add_prefix_space": false,
        "bos_token": .string(Self.specialTokens[0]),
        "clean_up_tokenization_spaces": false,
        "eos_token": .string(Self.specialTokens[1]),
        "model_max_length": .integer(maximumPositions),
        "pad_token": .string(Self.specialTokens[2]),
        "padding_side": "right",
        "split_special_tokens": true,
        "tokenizer_class": "PreTrainedTokenizerFast",
      ], layout: .indented)
  }

  /// Every token's name in the order of the ids.
  private var tokens: [String] {
    Self.byteNames + Self.specialTokens
      + (Self.minimumVocabularySize..<vocabularySize).map { "<unused-\($0)>" }
  }

  /// GPT-2's names of bytes: a printable character of Latin-1 is itself, the others are the
  /// characters from U+0100 on (`bytes_to_unicode` in openai/gpt-2).
  private static let byteNames: [String] = {
    var next: UInt32 = 0x100
    return (UInt32(0)..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF:
        return String(Unicode.Scalar(UInt8(byte)))
      default:
        defer { next += 1 }
        return Unicode.Scalar(next).map(String.init) ?? ""
      }
    }
  }()

  /// Checks that a `tokenizer.json` is this tokenizer, in any layout.
  ///
  /// Without this check a model that was trained on other tokens would be read without an error and
  /// give meaningless answers.
  func check(_ bytes: [UInt8], file: String) throws(CheckpointError) {
    do throws(JSONFault) {
      try check(JSONFields(of: bytes))
    } catch {
      throw CheckpointError(file: file, .json(error))
    }
  }

  private func check(_ root: JSONFields) throws(JSONFault) {
    try root.require("normalizer", .null, "null")
    let preTokenizer = try root.object("pre_tokenizer")
    try preTokenizer.require("type", "ByteLevel", "\"ByteLevel\"")
    try preTokenizer.require("add_prefix_space", false, "false")
    try preTokenizer.require("use_regex", false, "false")
    let model = try root.object("model")
    try model.require("type", "BPE", "\"BPE\"")
    try model.require("merges", [], "an empty array")
    let vocabulary = try model.object("vocab")
    var rest = Dictionary(
      uniqueKeysWithValues: vocabulary.object.members.map { (UTF8Key($0.key), $0.value) })
    for (id, token) in tokens.prefix(Self.minimumVocabularySize).enumerated() {
      guard let found = rest.removeValue(forKey: UTF8Key(token)) else {
        throw vocabulary.fault(token, .missing(expected: "\(id)"))
      }
      if found != .integer(id) { try vocabulary.require(token, .integer(id), "\(id)") }
    }
    // Padding of the vocabulary may have any name, or none.
    for member in vocabulary.object.members where rest[UTF8Key(member.key)] != nil {
      guard case .integer(let id) = member.value,
        (Self.minimumVocabularySize..<vocabularySize).contains(id)
      else { throw vocabulary.fault(member.key, .unknownKey) }
    }
    for (index, value) in try root.array("added_tokens").enumerated() {
      guard case .object(let token) = value, case .integer(let id) = token["id"],
        case .string(let content) = token["content"], (256..<vocabularySize).contains(id),
        id >= Self.minimumVocabularySize || Self.specialTokens[id - 256] == content
      else {
        throw root.fault(
          "added_tokens[\(index)]",
          .wrongValue(found: "another token", expected: "a special token of the byte tokenizer"))
      }
    }
  }
}
