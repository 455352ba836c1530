/// The tokenizer: a token is a byte, and special tokens have ids from 256 on.
///
/// Text never becomes a special token: `<bos>` in a prompt is five bytes. Nothing is normalised, so
/// decoding returns the same bytes. To use a special token, append its id.
public struct ByteTokenizer: Hashable, Sendable {
  /// Begins every document.
  public static let beginOfText: Int32 = 256
  /// Ends a document or an answer.
  public static let endOfText: Int32 = 257
  /// Pads a batch; never a target.
  public static let padding: Int32 = 258

  /// The special tokens' names in the order of their ids.
  public static let specialTokens = ["<bos>", "<eos>", "<pad>"]

  /// The smallest vocabulary of a model: the bytes and the special tokens.
  public static let minimumVocabularySize = 259

  /// V of the model. Ids after the special tokens are padding of its matrices, without a meaning.
  public let vocabularySize: Int

  /// - Precondition: `vocabularySize` is at least `minimumVocabularySize`.
  public init(vocabularySize: Int = 272) {
    precondition(
      vocabularySize >= Self.minimumVocabularySize,
      "byte tokenizer: \(vocabularySize) tokens are fewer than 256 bytes and 3 special tokens")
    self.vocabularySize = vocabularySize
  }

  /// The UTF-8 bytes of the text, without special tokens.
  public func encode(_ text: String) -> [Int32] { encode(bytes: text.utf8) }

  /// The bytes themselves, without special tokens.
  public func encode(bytes: some Sequence<UInt8>) -> [Int32] { bytes.map(Int32.init) }

  /// The bytes of the tokens, without special and unused tokens.
  public func decode(_ tokens: some Sequence<Int32>) -> [UInt8] {
    tokens.compactMap { UInt8(exactly: $0) }
  }

  /// The bytes of the tokens as text. Bytes that are not UTF-8 become U+FFFD.
  public func decodeText(_ tokens: some Sequence<Int32>) -> String {
    String(decoding: decode(tokens), as: UTF8.self)
  }
}
