import Foundation
import Testing

extension CommandLineTests {
  /// `Scripts/check-gpu-code` reads this list on machines without OpenCL devices.
  @Test func kernelsAreListedWithoutADevice() throws {
    try withFolder { folder in
      let environment = ["OCL_ICD_VENDORS": folder.path]
      let lines = try run(["kernels", "--json"], environment: environment, in: folder)
      #expect(lines.code == 0)
      #expect(lines.error == "")
      let rows = try lines.output.split(separator: "\n").map {
        try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      #expect(rows.count > 300)
      for row in rows {
        #expect(
          Set(row.keys) == [
            "version", "gpu", "style", "kernel", "constants", "options", "source",
          ])
        let (kernel, source) = (row["kernel"] as? String, row["source"] as? String)
        #expect(source?.contains("void \(kernel ?? "?")(") == true)
      }
      let table = try run(["kernels"], environment: environment, in: folder)
      #expect(table.code == 0)
      // A heading, then a line for each variant.
      #expect(table.output.split(separator: "\n").count == rows.count + 1)
      let help = try run(["--help"], in: folder)
      #expect(!help.output.contains("kernels  "))
    }
  }

  /// The chosen operations and no others are checked, with the sizes of small calls.
  @Test(arguments: ["cpu", "auto"])
  func chosenOperationsAreChecked(_ device: String) throws {
    try withFolder { folder in
      func checked(_ options: [String]) throws -> [String] {
        let outcome = try run(
          ["check-device", "--device", device, "--seed", "3", "--json"] + options, in: folder)
        #expect(outcome.code == 0)
        return try outcome.output.split(separator: "\n").map {
          let row = try #require(
            JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
          #expect(row["passed"] as? Bool == true)
          return "\(row["operation"] ?? ""): \(row["sizes"] ?? "")"
        }
      }
      #expect(
        try checked(["--small", "--operation", "copy", "--operation", "addPolynomial"])
          == ["copy: R 3, 33", "addPolynomial: R 3, M 19"])
      #expect(
        try checked(["--operation", "copy"]) == ["copy: R 3, 1", "copy: R 3, 4099"])
      let trainings = try checked(["--operation", "training"])
      #expect(trainings.count == 3 && trainings.allSatisfy { $0.hasPrefix("training: ") })
      let all = try checked(["--small"])
      #expect(all.contains { $0.hasPrefix("matmul: ") } && all.contains { $0.hasPrefix("sgd: ") })
      #expect(!all.contains { $0.hasPrefix("training: ") })
    }
  }
}
