/// Choosing the next token of every row.
public protocol SamplingOperations: AnyObject {
  /// The largest logit (temperature 0; the lowest index where several are largest), or a sample of
  /// softmax(logits / temperature) by the Gumbel maximum: argmax_v logits_v / temperature - ln(-ln u_v).
  ///
  /// u_v = (x + 0.5) · 2⁻²³ (exact in a float) with x the upper 23 bits of word v mod 4 of
  /// Philox(key: keys[r], counter: (positions[r, b], places[r, b], v / 4, purpose `sampling`)),
  /// so that a row's draw depends on its key, place and position alone.
  ///
  /// - Parameters:
  ///   - logits: (R, B, V).
  ///   - keys: (R, 2) int32, the bits of two 32-bit words.
  ///   - positions: (R, B) int32.
  ///   - places: (R, B) int32; nil means places[r, b] = b.
  ///   - output: (R, B) int32.
  func sample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, places: Tensor?,
    into output: Tensor) throws
}

extension SamplingOperations {
  public func sample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, into output: Tensor
  ) throws {
    try sample(
      logits, temperature: temperature, keys: keys, positions: positions, places: nil,
      into: output)
  }
}
