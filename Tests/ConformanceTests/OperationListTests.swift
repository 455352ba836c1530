import Conformance
import Foundation
import Testing

/// The list of operations against the sources of the contract and of the backends.
@Suite struct OperationListTests {
  private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    .resolvingSymlinksInPath()

  private func text(of modules: String...) throws -> String {
    try modules.map { module in
      let folder = Self.sources.appendingPathComponent(module)
      return try FileManager.default.subpathsOfDirectory(atPath: folder.path).sorted()
        .filter { $0.hasSuffix(".swift") }
        .map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }
        .joined()
    }.joined()
  }

  /// Every requirement `compute...` of a protocol has a description and the checking method of its name;
  /// no backend declares that one.
  @Test func everyOperationIsDescribed() throws {
    let contract = try text(of: "Tensors")
    let declared = contract.matches(of: /\n  func compute(\w+)\(/).map { $0.1.lowercased() }
    #expect(declared.count == Set(declared).count && declared.count > 25)
    let named = OperationDescription.all.map(\.name)
    // `fill` needs no check, and `orthogonalize` is made of others.
    #expect(Set(named.map { $0.lowercased() }) == Set(declared + ["fill", "orthogonalize"]))
    #expect(named.count == Set(named).count)
    let backends = try text(of: "TensorsCPU", "TensorsOpenCL")
    for name in named where name != "fill" {
      #expect(contract.contains("  public func \(name)("), "\(name)")
      #expect(!backends.contains("public func \(name)("), "\(name)")
    }
  }

  /// A definition shares no code with what it judges.
  @Test func definitionsImportNoBackend() throws {
    let imports = try text(of: "Conformance").matches(of: /import (\w+)/).map { String($0.1) }
    #expect(Set(imports) == ["Foundation", "Random", "Tensors"])
  }

  /// A kernel that writes zeros, or anything, would pass a case that expects nothing else.
  @Test(arguments: OperationDescription.all)
  func expectationsSaySomething(_ operation: OperationDescription) {
    for extent in OperationDescription.Extent.allCases {
      var (said, all) = (0, 0)
      for call in operation.cases(extent, seed: 3) {
        #expect(call.operation == operation.name)
        for case .numbers(let expected) in call.expected() {
          all += expected.count
          said += zip(expected.values, expected.bounds).count { $0 != 0 && $1.isFinite }
        }
      }
      #expect(10 * said >= all, "\(operation), \(extent): \(said) of \(all)")
    }
  }
}
