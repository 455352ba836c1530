import Foundation
import TestSupport
import Testing

/// What `run` refuses about an output folder, and `plan` warns of with the same line.
extension CommandLineTests {
  /// Runs `mini.yaml` with arguments, in the folder `out` of `folder`.
  private func mini(
    _ command: String, _ arguments: [String] = [], device: String = "cpu", in folder: URL
  ) throws -> Outcome {
    try run(
      [command, "mini.yaml", "--device", device, "--output", "out"] + arguments, in: folder)
  }

  /// Expects that `run` refuses with a line, and that `plan` warns with it.
  private func expectRefusal(
    _ line: String, code: Int32 = 65, _ arguments: [String] = [], device: String = "cpu",
    in folder: URL
  ) throws {
    let refused = try mini("run", arguments, device: device, in: folder)
    #expect(refused.code == code)
    #expect(refused.complaints == ["dormouse: \(line)"])
    let planned = try mini("plan", arguments, device: device, in: folder)
    #expect(planned.code == 0)
    #expect(planned.complaints == ["dormouse: warning: \(line)"])
  }

  @Test func aChangedStudyIsRefused() throws {
    try withFolder { folder in
      _ = try mini(in: folder)
      #expect(try mini("plan", in: folder).complaints.isEmpty)
      #expect(try mini("run", in: folder).code == 0)
      #expect(try mini("plan", in: folder).complaints.isEmpty)
      let file = folder.appending(path: "mini.yaml")
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacing("doses: [2, 4]", with: "doses: [2, 3]").utf8).write(to: file)
      let out = folder.appending(path: "out").path
      try expectRefusal(
        "\(out): the study differs from the last one that was run here (safety.doses: [2, 4] before, [2, 3] now); name another folder with --output, or add --replace to write report.html and study.yaml of this study in their place (no product is deleted)",
        in: folder)
      let many = text.replacing("doses: [2, 4]", with: "doses: [2, 3]")
        .replacing("learningRates: [0.1]", with: "learningRates: [0.1, 0.2]")
        .replacing("maximumTokens: 10", with: "maximumTokens: 11")
        .replacing("maximumSteps: 4", with: "maximumSteps: 5")
      try Data(many.utf8).write(to: file)
      try expectRefusal(
        "\(out): the study differs from the last one that was run here (insertion.maximumSteps: 4 before, 5 now; safety.learningRates: [0.1] before, [0.1, 0.2] now; safety.doses: [2, 4] before, [2, 3] now; and 1 more); name another folder with --output, or add --replace to write report.html and study.yaml of this study in their place (no product is deleted)",
        in: folder)
      try Data(text.replacing("name: mini", with: "name: other").utf8).write(to: file)
      try expectRefusal(
        "\(out): belongs to the study \"mini\", not to \"other\"; name another folder", in: folder)
    }
  }

  /// A smaller number of seeds would make a report of fewer seeds.
  @Test func aReportLosesNoSeeds() throws {
    try withFolder { folder in
      _ = try mini(in: folder)
      #expect(try mini("run", ["--seeds", "2"], in: folder).code == 0)
      let report = folder.appending(path: "out/report.html")
      let before = try Data(contentsOf: report)
      try expectRefusal(
        "\(folder.path)/out: report.html is of 2 seeds, and this run would replace it by one of 1; add --seeds 2, name another folder with --output, or add --replace",
        in: folder)
      #expect(try Data(contentsOf: report) == before)
      let replaced = try mini("run", ["--replace"], in: folder)
      #expect(replaced.code == 0)
      #expect(
        replaced.error.contains(
          "The last run here had 2 seeds, and the report will be of 1 seed; `--seeds 2` makes the report of all of them.\n"
        ))
      #expect(try Data(contentsOf: report) != before)
      #expect(try mini("run", ["--seeds", "2"], in: folder).code == 0)
    }
  }

  /// The option that helps is named.
  @Test(.enabled(if: TerminalTests.hasOpenCL)) func theDeviceOfTheFolderIsNamed() throws {
    try withFolder { folder in
      _ = try mini(in: folder)
      #expect(try mini("run", in: folder).code == 0)
      let onOpenCL = try mini("run", device: "auto", in: folder)
      #expect(onOpenCL.code == 65)
      let line = try #require(onOpenCL.complaints.first)
      #expect(
        line.hasPrefix(
          "dormouse: \(folder.path)/out: the products were made on another device or driver (backend: \"cpu\" before, \"opencl\" now; "
        ))
      #expect(
        line.hasSuffix(
          "); name another folder, or add --mix-devices to mix products of both; to go on without a mix, add --device cpu"
        ))
      #expect(
        try mini("plan", device: "auto", in: folder).complaints
          == [line.replacing("dormouse: ", with: "dormouse: warning: ", maxReplacements: 1)])
      try FileManager.default.removeItem(at: folder.appending(path: "out"))
      #expect(try mini("run", device: "auto", in: folder).code == 0)
      let onCPU = try mini("run", in: folder)
      #expect(onCPU.code == 65)
      #expect(
        onCPU.complaints.first?.hasSuffix("; to go on without a mix, leave --device cpu out")
          == true)
    }
  }

  @Test func aFileIsNoOutputFolder() throws {
    try withFolder { folder in
      _ = try mini(in: folder)
      try Data("precious".utf8).write(to: folder.appending(path: "out"))
      try expectRefusal(
        "\(folder.path)/out: a file and not a folder; name a folder", code: 73, in: folder)
    }
  }

  /// A folder that cannot be made is the only line, with the option that helps.
  @Test func aFolderThatCannotBeMadeIsTheOnlyLine() throws {
    try withFolder { folder in
      _ = try mini(in: folder)
      let outcome = try run(
        ["run", "mini.yaml", "--device", "cpu", "--output", "mini.yaml/out"], in: folder)
      #expect(outcome.code == 73)
      #expect(
        outcome.error
          == "dormouse: \(folder.path)/mini.yaml/out: cannot create the folder: Not a directory (ENOTDIR); name another folder with --output\n"
      )
    }
  }

  /// An output folder in the place of a study file.
  @Test func anOutputFolderIsNoStudy() throws {
    try withFolder { folder in
      _ = try mini(in: folder)
      #expect(try mini("run", in: folder).code == 0)
      let outcome = try run(["run", "out"], in: folder)
      #expect(outcome.code == 66)
      let command = "dormouse run out/study.yaml --output out --seeds 1 --device cpu"
      #expect(
        outcome.complaints == [
          "dormouse: out: the output folder of a run, and not a study file; `\(command)` resumes its study"
        ])
      let words = command.split(separator: " ").dropFirst().map(String.init)
      #expect(try run(words, in: folder).code == 0)
    }
  }

  /// A table or format that does not exist.
  @Test func aMisspeltTableIsSuggested() throws {
    try withFolder { folder in
      let table = try run(["export", "out", "--table", "finding"], in: folder)
      #expect(table.code == 64)
      #expect(
        table.complaints == [
          "dormouse: --table: expected one of measurements, findings, release, half-life, gate, losses, rebound, relearning, stages, code, found \"finding\"; did you mean \"findings\"?"
        ])
      let format = try run(["export", "out", "--format", "json"], in: folder)
      #expect(format.code == 64)
      #expect(
        format.complaints == [
          "dormouse: --format: expected one of csv, jsonl, found \"json\"; did you mean \"jsonl\"?"
        ])
      let part = try run(["bench", "--only", "produts"], in: folder)
      #expect(part.code == 64)
      #expect(
        part.complaints == [
          "dormouse: --only: expected one of products, attention, training, cohorts, generation, found \"produts\"; did you mean \"products\"?"
        ])
    }
  }
}
