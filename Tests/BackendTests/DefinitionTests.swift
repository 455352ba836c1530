import Conformance
import Tensors
import TestSupport
import Testing

extension BackendTests {
  /// Every operation held to its definition in double precision, in guarded tensors.
  @Suite struct DefinitionTests {
    @Test(arguments: availableBackends, OperationDescription.all)
    func everyCaseIsWithinItsBounds(
      _ choice: BackendChoice, _ operation: OperationDescription
    ) throws {
      try check(operation.cases(.every, seed: 1000), on: SharedBackends.backend(choice))
    }

    /// The kernel of matrix units, with the units written out.
    @Test(arguments: BackendChoice.matrixUnits)
    func productsOfMatrixUnitsAreWithinTheirBounds(_ choice: BackendChoice) throws {
      let products = OperationDescription.all.filter { $0.name == "matmul" }
        .flatMap { $0.cases(.every, seed: 1700) }.filter { $0.sizes.contains("bfloat16") }
      #expect(products.count > 50)
      try check(products, on: SharedBackends.backend(choice))
    }

    private func check(_ cases: [OperationCase], on backend: any Backend) throws {
      for (number, call) in cases.enumerated() {
        let outcome = try call.run(layout: layout(number), on: backend)
        let deviation = call.deviation(of: outcome, from: call.expected())
        for problem in outcome.violations + (deviation.note.map { [$0] } ?? []) {
          report("\(call), \(layout(number)): \(problem)")
        }
        printRatio(deviation.ratio, "\(call)")
      }
    }
  }
}
