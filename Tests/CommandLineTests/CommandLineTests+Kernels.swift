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
}
