/// The definition of every operation of the tensor contract, in plain loops and double precision.
///
/// There is one file per family, with the name of the family. Inputs are float32 values converted
/// to double, which is exact; results come with a bound per element on the error of a float32
/// evaluation.
///
/// ## How bounds are derived
/// u = 2⁻²⁴ is the unit roundoff. A sum of n products of floats, in any order, errs by at most
/// n·u·Σ|terms| to first order; an operation's own roundings are counted one u each; functions are
/// taken at the ceilings of the OpenCL C 3.0 specification, 7.4: a multiple of one unit in the last
/// place, which is at most 2u of the value. Terms in u² are covered by the constants added to n.
/// Devices may flush results below 2⁻¹²⁶ to zero, which is an absolute error, named `underflow`.
public enum Oracle {
  /// Half the distance from 1 to the next float: the relative error of one rounding.
  public static let unitRoundoff = 0x1p-24

  /// The smallest normal float. Smaller numbers may be flushed to zero.
  public static let underflow = 0x1p-126

  /// exp: 3 ulp by the specification, 4 allowed so that exp2 of a scaled argument passes too.
  static let exponentialError = 8 * unitRoundoff

  /// log: 3 ulp, and one rounding of a change of base.
  static let logarithmError = 8 * unitRoundoff

  /// A weight of a softmax taken in one pass is a product of exponentials: its own, and one for
  /// each rise of the running maximum. Each brings its own error and the rounding of a product.
  ///
  /// In a pass over the values in ascending order the maximum rises once per left-to-right record.
  /// Four more are allowed for parts that are reduced in parallel and merged.
  static func softmaxFactorError(_ scores: [Double]) -> Double {
    var records = 0
    var maximum = -Double.infinity
    for score in scores where score > maximum {
      maximum = score
      records += 1
    }
    return Double(records + 4) * (exponentialError + 2 * unitRoundoff)
  }
}
