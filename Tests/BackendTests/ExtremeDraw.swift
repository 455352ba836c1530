/// Draws at the ends of the range of u, found by trying positions under the key (5, 0), row 0 and
/// the first block of four tokens.
struct ExtremeDraw {
  let position: Int32
  let token: Int
  /// The upper 23 bits of the word.
  let bits: UInt32

  static let all = [
    ExtremeDraw(position: 6_856_303, token: 1, bits: 0x7f_ffff),
    ExtremeDraw(position: 8_883_397, token: 0, bits: 0x7f_ffff),
    ExtremeDraw(position: 2_155_094, token: 2, bits: 0),
  ]
}
