/// The choice of the next token of every row.
public protocol SamplingOperations: AnyObject {
  func computeSample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, step: Int,
    places: Tensor?, into output: Tensor) throws
}

extension SamplingOperations {
  /// The largest logit (temperature 0; the lowest index if several are largest), or a sample of
  /// softmax(logits / temperature) by the Gumbel maximum: argmax_v logits_v / temperature - ln(-ln
  /// u_v).
  ///
  /// u_v = (x + 0.5) · 2⁻²³ (exact in a float) with x the upper 23 bits of word v mod 4 of
  /// Philox(key: keys[r], counter: (positions[r, b] + step, places[r, b], v / 4, purpose
  /// `sampling`)), so a row's draw depends on its key, place and position alone.
  ///
  /// - Parameters:
  ///   - logits: (R, B, V).
  ///   - temperature: 0 or more.
  ///   - keys: (R, 2) int32, the bits of two 32-bit words.
  ///   - positions: (R, B) int32.
  ///   - step: added to every position, in 32 bits without overflow.
  ///   - places: (R, B) int32; nil means places[r, b] = b.
  ///   - output: (R, B) int32.
  /// - Throws: A failure of the device.
  public func sample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, step: Int = 0,
    places: Tensor? = nil, into output: Tensor
  ) throws {
    let shape = logits.shape
    require(
      shape.rank == 3 && keys.shape == [shape[0], 2] && positions.shape == [shape[0], shape[1]]
        && (places ?? output).shape == positions.shape && output.shape == positions.shape, "sample",
      "logits \(shape), keys \(keys.shape), positions \(positions.shape)"
        + "\(places.map { ", places \($0.shape)" } ?? "") and output \(output.shape) do not fit")
    require(
      [keys, positions, places ?? positions, output].allSatisfy { $0.elementType == .int32 },
      "sample", "keys, positions, places and output are not all int32")
    require(temperature >= 0, "sample", "temperature \(temperature) is below 0")
    require(Int32(exactly: step) != nil, "sample", "step \(step) is not a 32-bit integer")
    try computeSample(
      logits, temperature: temperature, keys: keys, positions: positions, step: step,
      places: places, into: output)
  }
}
