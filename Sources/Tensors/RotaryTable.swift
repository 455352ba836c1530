/// Cosines and sines of the rotary angles. They are computed once in double precision on the host,
/// so all backends use the same numbers.
public enum RotaryTable {
  /// (1, positions, D/2, 2): cos and sin of t · base^(-2i/D).
  public static func values(positions: Int, headWidth: Int, base: Double) -> [Float] {
    precondition(headWidth % 2 == 0, "rotary: head width \(headWidth) is odd")
    var table: [Float] = []
    table.reserveCapacity(positions * headWidth)
    for position in 0..<positions {
      for pair in 0..<headWidth / 2 {
        let angle = Double(position) * power(base, -2 * Double(pair) / Double(headWidth))
        table.append(Float(cosine(angle)))
        table.append(Float(sine(angle)))
      }
    }
    return table
  }
}
