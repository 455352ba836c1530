import Foundation
import TestSupport
import Testing

/// The program as a user runs it: exit codes, streams and one-line errors.
@Suite(.serialized) struct CommandLineTests {
  /// The built program lies beside the test bundle.
  static let program: URL? = [
    Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent(),
  ].map { $0.appending(path: "dormouse") }
    .first { FileManager.default.isExecutableFile(atPath: $0.path) }

  struct Outcome {
    var code: Int32
    var output: String
    var error: String
    /// Lines of standard error that the program itself says failed.
    var complaints: [String] {
      error.split(separator: "\n").map(String.init).filter { $0.hasPrefix("dormouse: ") }
    }
  }

  func run(
    _ arguments: [String], environment: [String: String] = [:], in folder: URL
  ) throws -> Outcome {
    let process = Process()
    let program: URL = try #require(Self.program, "the dormouse program is not built")
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    // Files, not pipes: a full pipe would stop the program.
    let files = ["out", "err"].map { folder.appending(path: ".\($0)") }
    for file in files { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return Outcome(
      code: process.terminationReason == .exit ? process.terminationStatus : 128,
      output: try String(contentsOf: files[0], encoding: .utf8),
      error: try String(contentsOf: files[1], encoding: .utf8))
  }

  func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "dormouse-\(UInt64.random(in: .min ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  /// Arguments, exit code, and the whole complaint.
  static let mistakes: [(arguments: [String], code: Int32, complaint: String)] = [
    (
      ["run", "no-such-study"], 66,
      "dormouse: no-such-study: no such file, and no preset of that name (presets: quickstart, trainings, mechanisms, standard, hiding, code, scale, smoke, dialogues)"
    ),
    (
      ["run", "smoke", "--device", "foo"], 64,
      "dormouse: unknown device \"foo\": expected auto, gpu, cpu, opencl:P:D or name=TEXT (dormouse devices lists them)"
    ),
    (
      ["run", "smoke", "--seeds", "0"], 64,
      "dormouse: --seeds: expected a whole number from 1 to 64, found 0"
    ),
    (
      ["run", "smoke", "--data", "x.jsonl"], 64,
      "dormouse: --data: the study smoke uses the built-in world, and only studies of dialogues read a file; remove --data"
    ),
    (
      ["run", "dialogues"], 64,
      "dormouse: dialogues: a study of dialogues needs a file; name it with --data FILE or with data.path in the study"
    ),
    (
      ["plan", "smoke", "--spread", "0"], 64,
      "dormouse: --spread: expected points above 0 and at most 100, found 0.0"
    ),
    (
      ["plan", "smoke", "--claims", "0"], 64,
      "dormouse: --claims: expected a whole number from 1 to 1000, found 0"
    ),
    (
      ["check-statistics", "--studies", "0"], 64,
      "dormouse: --studies: expected a whole number from 1 to 1000000, found 0"
    ),
    (
      ["score-samples", "none.jsonl"], 66,
      "dormouse: none.jsonl: cannot open: No such file or directory (ENOENT); check the path"
    ),
    (
      ["run", "esc\u{1B}[31m"], 66,
      "dormouse: esc\\x1b[31m: no such file, and no preset of that name (presets: quickstart, trainings, mechanisms, standard, hiding, code, scale, smoke, dialogues)"
    ),
    (
      ["grade", "/dev/zero"], 66,
      "dormouse: /dev/zero: is a device, not a file"
    ),
    (
      ["studies", "show", "nothing"], 66,
      "dormouse: nothing: no preset of that name (presets: quickstart, trainings, mechanisms, standard, hiding, code, scale, smoke, dialogues)"
    ),
    (
      ["run", "quickstat"], 66,
      "dormouse: quickstat: no such file, and no preset of that name; did you mean \"quickstart\"? (presets: quickstart, trainings, mechanisms, standard, hiding, code, scale, smoke, dialogues)"
    ),
    (
      ["rnu"], 64,
      "dormouse: rnu: no such command; did you mean \"run\"? `dormouse --help` lists them"
    ),
    (
      ["help", "nonsense"], 64,
      "dormouse: nonsense: no such command; `dormouse --help` lists them"
    ),
    (
      ["studies", "shw", "x"], 64,
      "dormouse: shw: no such command; did you mean \"show\"? `dormouse studies --help` lists them"
    ),
    (
      ["run", "smoke", "--seeds", "-1"], 64,
      "dormouse: --seeds: expected a whole number from 1 to 64, found -1"
    ),
    (
      ["run", "smoke", "--seeds", "two"], 64,
      "dormouse: --seeds: expected a number, found \"two\"; see `dormouse run --help`"
    ),
    (
      ["run", "smoke", "--seeds", "2.5"], 64,
      "dormouse: --seeds: expected a whole number, found \"2.5\"; see `dormouse run --help`"
    ),
    (
      ["bench", "--rounds", "99999999999999999999"], 64,
      "dormouse: --rounds: the number is out of range, found \"99999999999999999999\"; see `dormouse bench --help`"
    ),
    (
      ["plan", "smoke", "--spread", "wide\u{1B}[31m"], 64,
      "dormouse: --spread: expected a number, found \"wide\\x1b[31m\"; see `dormouse plan --help`"
    ),
    (
      ["bench", "--count-only"], 64,
      "dormouse: --count-only, --bandwidth, --peak and --launch-time are for --kernels; add it; see `dormouse bench --help`"
    ),
    (
      ["bench", "--kernels", "--bandwidth", "0"], 64,
      "dormouse: --bandwidth: expected a number above 0, found 0.0; see `dormouse bench --help`"
    ),
    (
      ["bench", "--kernels", "--device", "cpu"], 64,
      "dormouse: --kernels is for OpenCL devices, and cpu is none; choose another --device"
    ),
    (
      ["run"], 64,
      "dormouse: Missing expected argument '<study>'; see `dormouse run --help`"
    ),
    (
      ["generate", "nowhere", "--prompt", "a", "--maximum-tokens", "0"], 64,
      "dormouse: --maximum-tokens: expected at least 1, found 0; see `dormouse generate --help`"
    ),
    (
      ["check-device", "--operation", "rotray"], 64,
      "dormouse: there is no operation \"rotray\"; the operations are fill, copy, matmul, gatedMatmul, gatedMatmulGradient, attention, attentionGradient, rotary, storeKeysAndValues, attentionDecode, rmsNorm, rmsNormGradient, add, roundToBFloat16, swiGLU, swiGLUGradient, embedding, embeddingGradient, tokenLogProbabilities, tokenLogProbabilitiesGradient, weightedSum, weightedSumGradient, sumOfSquares, gateUpdate, adamW, sgd, sample, muonMomentum, muonUpdate, addPolynomial, normalizeMatrices, orthogonalize, normalizedMatmul, tokenLogProbabilitiesInPlace, training; see `dormouse check-device --help`"
    ),
    (
      ["grade", "nowhere.jsonl"], 66,
      "dormouse: nowhere.jsonl: cannot open: No such file or directory (ENOENT); check the path"
    ),
  ]

  @Test(arguments: mistakes.indices)
  func mistakesGetOneLineAndACode(_ index: Int) throws {
    let mistake = Self.mistakes[index]
    try withFolder { folder in
      let outcome = try run(mistake.arguments, in: folder)
      #expect(outcome.code == mistake.code)
      #expect(outcome.complaints == [mistake.complaint])
      #expect(outcome.output.isEmpty)
      #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "runs").path))
    }
  }

  @Test func gradesSamplesWithAndWithoutBandit() throws {
    try withFolder { folder in
      let rows = [
        ["ID": "CWE-502_mine_1.py", "Insecure_code": "import pickle\nx = pickle.load(f)\n"],
        ["id": "CWE-089_mine_2.py", "code": "db.execute('SELECT 1')\n"],
        ["id": "no number", "code": "x = (\n"],
      ]
      let file = folder.appending(path: "samples.jsonl")
      try Data(
        rows.map { row in
          "{" + row.map { "\(encoded($0)): \(encoded($1))" }.joined(separator: ", ") + "}\n"
        }.joined().utf8
      ).write(to: file)
      let empty = folder.appending(path: "empty.jsonl")
      try Data().write(to: empty)
      let nothing = try run(["grade", "empty.jsonl"], in: folder)
      #expect(nothing.code == 65)
      #expect(
        nothing.complaints
          == ["dormouse: empty.jsonl: no rows; write lines of {\"id\": ..., \"code\": ...}"])
      let alone = try run(["grade", file.path], environment: ["PATH": folder.path], in: folder)
      #expect(alone.code == 0 && alone.error.isEmpty)
      #expect(alone.output.hasPrefix("Built-in rules, revision 1. There is no bandit on the PATH"))
      #expect(
        alone.output.contains("\nCWE-502           1           0           1                 1"))
      #expect(
        alone.output.contains("\nnone named        1           1           0       not claimed"))
      #expect(!alone.output.contains("Cohen"))

      let program = folder.appending(path: "bandit")
      let script = """
        #!/bin/sh
        if [ "$1" = --version ]; then echo "bandit 9.8.7"; exit 0; fi
        for folder; do :; done
        echo '{"errors": [], "results": [{"filename": "0.py", "test_id": "B301", "issue_cwe": {"id": 502}}]}'
        exit 1
        """
      try Data(script.utf8).write(to: program)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o700], ofItemAtPath: program.path)
      let both = try run(["grade", file.path, "--bandit", "./bandit"], in: folder)
      #expect(both.code == 0 && both.output.hasPrefix("Built-in rules, revision 1. Bandit 9.8.7."))
      // One sample of three, found by both.
      #expect(both.output.contains("\nanything     1            0             0        2  100.0%"))
      let lines = try run(["grade", file.path, "--bandit", "./bandit", "--json"], in: folder)
      let first = lines.output.split(separator: "\n").first ?? ""
      #expect(
        first
          == #"{"bandit":["B301"],"banditVersion":"9.8.7","banditWeaknesses":[502],"id":"CWE-502_mine_1.py","isClaimed":true,"isPython":true,"rules":[502],"rulesRevision":1,"source":"file","version":1,"weakness":502}"#
      )
    }
  }

  @Test func withoutAnyOpenCLItSaysSoOnceAndRuns() throws {
    try withFolder { folder in
      let vendors = folder.appending(path: "no-vendors")
      try FileManager.default.createDirectory(at: vendors, withIntermediateDirectories: true)
      let environment = ["OCL_ICD_VENDORS": vendors.path]
      // A folder of the preset's name does not hide it.
      try FileManager.default.createDirectory(
        at: folder.appending(path: "smoke"), withIntermediateDirectories: true)
      let outcome = try run(
        ["run", "smoke", "--seeds", "1"], environment: environment, in: folder)
      #expect(outcome.code == 0)
      #expect(outcome.error.components(separatedBy: "No OpenCL device was found").count == 2)
      let report = folder.appending(path: "runs/smoke/report.html")
      #expect(FileManager.default.fileExists(atPath: report.path))

      let again = try run(
        ["run", "smoke", "--seeds", "1"], environment: environment, in: folder)
      #expect(again.code == 0)
      #expect(again.error.contains("\nNothing to make: all "))
      #expect(!again.error.contains("Done"))
      // Data goes to standard output: the results, and the report's path on the last line.
      #expect(again.output == outcome.output)
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.last.map { URL(fileURLWithPath: $0).lastPathComponent } == "report.html")
      #expect(FileManager.default.fileExists(atPath: lines.last ?? ""))
      #expect(lines.first?.hasPrefix("Size   Safety training  Triggered before") == true)
      #expect(lines.dropFirst().dropLast().allSatisfy { $0.contains("%") && $0.hasSuffix(" 1") })
      let status = try run(["status", "runs/smoke"], in: folder)
      #expect(status.output.contains("finished"))
      let export = try run(["export", "runs/smoke"], in: folder)
      #expect(export.output.hasPrefix("size,non_embedding_parameters,mechanism,arm,"))
      // Rows name the folders of their evaluation and model.
      let row = export.output.split(separator: "\r\n").last?.split(
        separator: ",", omittingEmptySubsequences: false)
      for name in row?.suffix(2) ?? [] {
        #expect(
          FileManager.default.fileExists(
            atPath: folder.appending(path: "runs/smoke/stages/\(name)").path), "\(name)")
      }
      for table in [
        "findings", "release", "half-life", "gate", "losses", "rebound", "stages", "code",
      ] {
        for format in ["csv", "jsonl"] {
          let export = try run(
            ["export", "runs/smoke", "--table", table, "--format", format], in: folder)
          #expect(
            export.code == 0 && (["rebound", "code"].contains(table) || !export.output.isEmpty),
            "\(table)")
        }
      }
      #expect(try run(["export", "runs/smoke", "--table", "x"], in: folder).code == 64)
      #expect(
        FileManager.default.fileExists(
          atPath: folder.appending(path: "runs/smoke/results.json").path))

      // The report says how to repeat it, and nothing of this machine's folders; written again it is
      // the same.
      let html = try String(contentsOf: report, encoding: .utf8)
      #expect(html.contains("dormouse run smoke --seeds 1"))
      #expect(html.contains("finished") && html.contains("time of runs"))
      #expect(!html.contains(folder.path))
      #expect(try run(["report", "runs/smoke"], in: folder).code == 0)
      #expect(try String(contentsOf: report, encoding: .utf8) == html)

      let gpu = try run(
        ["run", "smoke", "--device", "gpu"], environment: environment, in: folder)
      #expect(gpu.code == 69)
      #expect(gpu.complaints.count == 1)
    }
  }

  @Test func anotherVersionOfTheStudyIsRefusedUnlessItMayReplace() throws {
    try withFolder { folder in
      let common = ["--seeds", "1", "--device", "cpu", "--output", "out"]
      #expect(try run(["run", "smoke"] + common, in: folder).code == 0)
      let report = folder.appending(path: "out/report.html")
      let before = try Data(contentsOf: report)
      let shown = try run(["studies", "show", "smoke"], in: folder).output
      let changed = shown.replacing(/doses: \[.*\]/, with: "doses: [2, 4]")
      #expect(changed != shown)
      try Data(changed.utf8).write(to: folder.appending(path: "smoke.yaml"))
      let refused = try run(["run", "smoke.yaml"] + common, in: folder)
      #expect(refused.code == 65)
      #expect(refused.complaints.count == 1)
      #expect(refused.complaints.first?.contains("--replace") == true)
      #expect(try Data(contentsOf: report) == before)
      let replaced = try run(["run", "smoke.yaml", "--replace"] + common, in: folder)
      #expect(replaced.code == 0)
      #expect(try Data(contentsOf: report) != before)
    }
  }

  @Test func aPlanSumsUpAndIsARange() throws {
    try withFolder { folder in
      let sums = try run(["plan", "smoke", "--device", "cpu"], in: folder)
      let all = try run(["plan", "smoke", "--device", "cpu", "--stages"], in: folder)
      #expect(sums.code == 0 && all.code == 0)
      #expect(sums.output.contains("\nProjected: "))
      #expect(sums.output.contains("\nThe largest buffer has "))
      let count = { (text: String) in text.split(separator: "\n").count }
      #expect(count(sums.output) < count(all.output))
      let lines = try run(["plan", "smoke", "--device", "cpu", "--json"], in: folder)
        .output.split(separator: "\n").map {
          try #require(
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
      let place = try #require(lines.firstIndex { $0["kind"] as? String == "total" })
      let low = try #require(lines[place]["secondsLow"] as? Double)
      let high = try #require(lines[place]["secondsHigh"] as? Double)
      #expect(low > 0 && high > low)
      let parts = lines[..<place].compactMap { $0["secondsLow"] as? Double }
      #expect(parts.count == place && abs(parts.reduce(0, +) - low) < 1e-9 * low)
      #expect(
        lines[..<place].compactMap { $0["replicas"] as? Int }.reduce(0, +)
          == lines[place]["replicas"] as? Int)
      let buffers = lines[..<place].compactMap { $0["largestBuffer"] as? Int }
      #expect(buffers.count == place && buffers.max() == lines[place]["largestBuffer"] as? Int)
      #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "runs").path))
    }
  }

  @Test func aFolderOfAnotherStudyIsRefused() throws {
    try withFolder { folder in
      let first = try run(
        ["run", "smoke", "--seeds", "1", "--device", "cpu", "--output", "out"], in: folder)
      #expect(first.code == 0)
      let shown = try run(["studies", "show", "smoke"], in: folder)
      let other = shown.output.replacing("name: smoke", with: "name: other")
      try Data(other.utf8).write(to: folder.appending(path: "other.yaml"))
      let second = try run(
        ["run", "other.yaml", "--device", "cpu", "--output", "out"], in: folder)
      #expect(second.code == 65)
      #expect(second.complaints.count == 1)
      #expect(second.complaints.first?.contains("smoke") == true)
    }
  }

  func encoded(_ text: String) -> String {
    String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self)
  }
}
