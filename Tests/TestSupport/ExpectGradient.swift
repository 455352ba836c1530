public import Testing

/// Records an issue unless a gradient agrees with central differences of its function.
///
/// The difference of fourth order, (f(x-2h) - 8 f(x-h) + 8 f(x+h) - f(x+2h)) / 12h, errs by
/// h⁴ f⁗′/30 and by rounding f over h: with h = 10⁻³ both are near 10⁻¹³ of f, so that 10⁻⁶ of a
/// gradient's element is a test even where it is a thousand times smaller than the largest.
///
/// - Parameters:
///   - function: a smooth function in double precision.
///   - point: where.
///   - gradient: what is claimed, one element per element of `point`.
///   - step: h, relative to the element where that is above 1.
///   - relativeError: allowed, of the element or of a thousandth of the largest one.
public func expectGradient(
  of function: ([Double]) -> Double, at point: [Double], equals gradient: [Double], _ name: String,
  step: Double = 1e-3, relativeError: Double = 1e-6,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let title = Trace.description.isEmpty ? name : "\(name) (\(Trace.description))"
  guard gradient.count == point.count else {
    report(
      "\(title): gradient of \(gradient.count) elements for a point of \(point.count)",
      sourceLocation: sourceLocation)
    return
  }
  let largest = gradient.reduce(0) { max($0, abs($1)) }
  if largest == 0 {
    report("\(title): MISTRUSTED: the gradient is zero", sourceLocation: sourceLocation)
  }
  var moved = point
  for index in point.indices {
    let h = step * max(1, abs(point[index]))
    func value(_ steps: Double) -> Double {
      moved[index] = point[index] + steps * h
      return function(moved)
    }
    let difference = (value(-2) - 8 * value(-1) + 8 * value(1) - value(2)) / (12 * h)
    moved[index] = point[index]
    let allowed = relativeError * max(abs(gradient[index]), largest / 1000)
    if !(abs(difference - gradient[index]) <= allowed) {
      report(
        "\(title): element \(index): gradient \(gradient[index]), central difference "
          + "\(difference), allowed \(allowed)",
        sourceLocation: sourceLocation)
      return
    }
  }
}
