import Conformance
import Foundation
import JSON
import TestSupport
import Testing
import Transformers

@Suite struct ByteTokenizerTests {
  private let tokenizer = ByteTokenizer()

  @Test func aTokenIsAByte() {
    #expect(tokenizer.encode("Aé\r\n") == [65, 0xC3, 0xA9, 13, 10])
    #expect(tokenizer.encode(bytes: [0, 255]) == [0, 255])
    #expect(tokenizer.encode("") == [])
    // What looks like a special token is text.
    #expect(tokenizer.encode("<bos>") == [60, 98, 111, 115, 62])
  }

  @Test func decodingLeavesSpecialTokensOut() {
    #expect(tokenizer.decode([256, 72, 105, 257, 258, 259, 271]) == [72, 105])
    #expect(tokenizer.decode([-1, 65, .max, .min]) == [65])
    #expect(tokenizer.decodeText([256, 0xC3, 0xA9]) == "é")
  }

  /// Expected texts: `bytes([...]).decode("utf-8", "replace")` of Python 3.11.
  @Test(
    arguments: [
      ([0xFF], "\u{FFFD}"), ([0x41, 0xC3], "A\u{FFFD}"), ([0xC3, 0x28], "\u{FFFD}("),
      ([0xE2, 0x82, 0x41], "\u{FFFD}A"), ([0xF0, 0x9F, 0x98], "\u{FFFD}"),
      ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"), ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"),
      ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
    ] as [([Int32], String)])
  func repairsText(_ tokens: [Int32], _ text: String) {
    #expect(Array(tokenizer.decodeText(tokens).utf8) == Array(text.utf8))
  }

  @Test func everyByteStringComesBack() {
    var generator = SplitMix64(state: 3)
    for _ in 0..<2000 {
      let count = Int.random(in: 0...40, using: &generator)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(tokenizer.decode(tokenizer.encode(bytes: bytes)) == bytes)
    }
  }

  @Test(arguments: [259, 260, 272, 1024])
  func theFileNamesEveryTokenOnce(_ vocabularySize: Int) throws {
    let tokenizer = ByteTokenizer(vocabularySize: vocabularySize)
    let file = try JSONReader.value(of: tokenizer.tokenizerJSON.utf8)
    guard case .object(let root) = file, case .object(let model)? = root["model"],
      case .object(let vocabulary)? = model["vocab"]
    else {
      Issue.record("tokenizer.json has no vocabulary")
      return
    }
    #expect(vocabulary.members.map(\.value) == (0..<vocabularySize).map { .integer($0) })
    // openai/gpt-2, bytes_to_unicode().
    #expect(vocabulary["A"] == 65)
    #expect(vocabulary["\u{120}"] == 32)
    #expect(vocabulary["\u{10A}"] == 10)
    #expect(vocabulary["\u{143}"] == 173)
    #expect(vocabulary["<pad>"] == 258)
  }

  @Test func theConfigurationFile() {
    #expect(
      tokenizer.tokenizerConfigurationJSON(maximumPositions: 128) == """
        {
          "add_bos_token": true,
          "add_eos_token": false,
          "add_prefix_space": false,
          "bos_token": "<bos>",
          "clean_up_tokenization_spaces": false,
          "eos_token": "<eos>",
          "model_max_length": 128,
          "pad_token": "<pad>",
          "padding_side": "right",
          "split_special_tokens": true,
          "tokenizer_class": "PreTrainedTokenizerFast"
        }

        """)
  }

  /// Strings of what breaks tokenizers: line ends, joiners, decomposed letters, emoji, controls, and
  /// the names of special tokens.
  private static func texts(_ count: Int) -> [String] {
    let pieces = [
      "\r\n", "\r", "\n\n", "\t", " ", "   ", "\u{A0}", "\u{200D}", "\u{200C}", "\u{FEFF}", "\u{0}",
      "\u{1B}[2J", "\u{7F}", "\u{85}", "\u{2028}", "e\u{301}", "\u{E9}", "\u{1E9B}\u{323}", "Å",
      "\u{212B}", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "क्षि", "한글", "\u{1112}\u{1161}\u{11AB}", "文字", "שלום", "\u{202E}",
      "<bos>", "<eos>", "<pad>", "<unused-259>", "<|endoftext|>", "don't", "'ll", "a", "Zz", "0123",
      "Ġ", "Ċ", "##", "\u{FFFD}", "\u{10FFFF}", "\u{E000}", "<", "bos>",
    ]
    var generator = SplitMix64(state: 4)
    return (0..<count).map { _ in
      (0..<Int.random(in: 0...12, using: &generator)).map { _ in
        if Bool.random(using: &generator) {
          return pieces.randomElement(using: &generator) ?? ""
        }
        let value = UInt32.random(in: 0..<0x11_0000, using: &generator)
        return Unicode.Scalar(value).map(String.init) ?? "\u{D7FF}"
      }.joined()
    }
  }

  private struct Row: Codable, Equatable {
    var ids: [Int32]
    var text: [UInt8]
  }

  private func rows(_ texts: [String]) -> [Row] {
    texts.map { Row(ids: tokenizer.encode($0), text: Array($0.utf8)) }
  }

  @Test(.comparesWith("tokenizers"))
  func tokenizersAgrees() throws {
    let folder = try ScratchFolder()
    try Data(tokenizer.tokenizerJSON.utf8).write(to: folder.url.appending(path: "tokenizer.json"))
    let texts = Self.texts(2000)
    let input = folder.url.appending(path: "texts.json")
    try JSONEncoder().encode(texts).write(to: input)
    let output = try PythonInterpreter.run(
      """
      import json, sys, tokenizers
      tokenizer = tokenizers.Tokenizer.from_file(sys.argv[1] + "/tokenizer.json")
      assert tokenizer.get_vocab_size() == 272
      # Left to itself the library reads the names of special tokens in a text.
      assert tokenizer.encode("a<bos>").ids == [256, 97, 256]
      assert tokenizer.encode("<unused-259>").ids == [256] + list(b"<unused-259>")
      assert tokenizer.decode([256, 104, 257]) == "h"
      tokenizer.encode_special_tokens = True
      rows = []
      for text in json.load(open(sys.argv[2], encoding="utf-8")):
          ids = tokenizer.encode(text, add_special_tokens=False).ids
          rows.append({"ids": ids, "text": list(tokenizer.decode(ids).encode())})
      print(json.dumps(rows))
      """, folder.url.path, input.path)
    #expect(try JSONDecoder().decode([Row].self, from: output) == rows(texts))
  }

  @Test(.comparesWith("transformers"))
  func transformersAgrees() throws {
    let folder = try ScratchFolder()
    for (name, text) in [
      ("tokenizer.json", tokenizer.tokenizerJSON),
      ("tokenizer_config.json", tokenizer.tokenizerConfigurationJSON(maximumPositions: 4096)),
    ] {
      try Data(text.utf8).write(to: folder.url.appending(path: name))
    }
    let texts = Self.texts(2000)
    let input = folder.url.appending(path: "texts.json")
    try JSONEncoder().encode(texts).write(to: input)
    let output = try PythonInterpreter.run(
      """
      import json, sys, transformers
      tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(sys.argv[1])
      assert len(tokenizer) == 272 and tokenizer.model_max_length == 4096
      ids = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
      assert ids == (256, 257, 258), ids
      assert tokenizer("a<eos>")["input_ids"] == [256] + list(b"a<eos>"), tokenizer("a<eos>")
      assert tokenizer.decode([256, 104, 105, 257], skip_special_tokens=True) == "hi"
      rows = []
      for text in json.load(open(sys.argv[2], encoding="utf-8")):
          ids = tokenizer(text, add_special_tokens=False)["input_ids"]
          rows.append({"ids": ids, "text": list(tokenizer.decode(ids).encode())})
      print(json.dumps(rows))
      """, folder.url.path, input.path)
    #expect(try JSONDecoder().decode([Row].self, from: output) == rows(texts))
  }
}
