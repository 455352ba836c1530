/// Whether two numbers agree to a relative error, or are both the same infinity.
func agrees(_ value: Double, _ expected: Double, within relative: Double) -> Bool {
  value == expected || abs(value - expected) <= relative * abs(expected)
}
