import Foundation
import Tensors
import Testing

@Suite struct RotaryTableTests {
  @Test func rotaryTableIsItsFormula() {
    let table = RotaryTable.values(positions: 9, headWidth: 6, base: 500)
    #expect(table.count == 9 * 3 * 2)
    for position in 0..<9 {
      for pair in 0..<3 {
        let angle = Double(position) / pow(500, Double(pair) / 3)
        let index = 2 * (3 * position + pair)
        #expect(abs(Double(table[index]) - cos(angle)) <= 0x1p-24)
        #expect(abs(Double(table[index + 1]) - sin(angle)) <= 0x1p-24)
      }
    }
  }
}
