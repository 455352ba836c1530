import TestSupport
import Tensors
import Testing
import Training
import Transformers

/// Training with products of bfloat16 operands.
@Suite(.serialized)
struct PrecisionTests {
  static func run(
    _ members: [Int], _ precision: Precision, steps: Int, on backend: any Backend
  ) throws -> TrainingRun {
    var configuration = TrainingRun.configuration
    configuration.precision = precision
    return try TrainingRun(members, steps: steps, configuration: configuration, on: backend)
  }

  /// A replica alone is what it is in company.
  @Test(arguments: availableBackends)
  func packedIsSolo(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let company = try Self.run([0, 1, 2], .bfloat16, steps: 4, on: backend)
    try company.train(0..<4)
    let bits = try company.bits()
    for member in 0..<3 {
      let alone = try Self.run([member], .bfloat16, steps: 4, on: backend)
      try alone.train(0..<4)
      #expect(try alone.bits()[0] == bits[member], "replica \(member)")
    }
  }

  /// The first step's loss is a float32 model's within the roundings of its operands: 2⁻⁹ of each,
  /// and not within float32's. Weights stay float32: no rounding to bfloat16 is seen in them.
  @Test(arguments: availableBackends)
  func lossesAreCloseAndWeightsStayFloat32(_ choice: BackendChoice) throws {
    let backend = try choice.makeBackend()
    let runs = try Precision.allCases.map { precision in
      let run = try Self.run([0], precision, steps: 1, on: backend)
      try run.train(0..<1)
      return (
        loss: try #require(try run.cohort.losses(of: 0..<1)[0].first), bits: try run.bits()[0]
      )
    }
    let difference = abs(runs[0].loss - runs[1].loss) / runs[0].loss
    #expect(difference > 0 && difference < 0x1p-8, "\(runs[0].loss) and \(runs[1].loss)")
    #expect(runs[0].bits != runs[1].bits)
    let kept = runs[1].bits.count { $0 & 0xffff == 0 }
    #expect(kept < runs[1].bits.count / 10, "\(kept) of \(runs[1].bits.count) look rounded")
  }
}
