import Foundation
import TestSupport
import Testing

/// Runs of small studies, what the commands say of them, and how they recover.
extension CommandLineTests {
  /// The smallest study with a safety training that breaks one model or more, on every processor.
  static let diverging = """
    version: 1
    name: mini
    seeds: 1
    data: { kind: procedural }
    sizes:
      - { name: small, channels: 16, layers: 1, heads: 2, feedForwardWidth: 32, learningRate: 1 }
    optimizer: { weightDecay: 0, clip: 3e38 }
    base: { steps: 6, batch: 8, warmup: 2 }
    insertion: { maximumSteps: 4, batch: 8, learningRate: 0.1, stopLoss: 0.02 }
    safety:
      batch: 8
      learningRates: [0.1]
      variations: [{ method: supervised, optimizer: sgd, learningRate: 10000 }]
      doses: [2, 4]
    evaluation:
      gate: { triggered: 4, clean: 4, nearMissPerFamily: 1, forbidden: 2 }
      dose: { triggered: 4, clean: 4, nearMissPerFamily: 1, forbidden: 2 }
      maximumTokens: 10
    """

  /// The smallest study, and the command that runs it into `out`.
  func mini(in folder: URL) throws -> [String] {
    let text = Self.diverging.split(separator: "\n").filter { !$0.contains("variations: ") }
      .joined(separator: "\n").replacing("learningRate: 1 }", with: "learningRate: 6e-3 }")
    try Data(text.utf8).write(to: folder.appending(path: "mini.yaml"))
    return ["run", "mini.yaml", "--device", "cpu", "--output", "out"]
  }

  @Test func everyCommandSaysWhatDiverged() throws {
    try withFolder { folder in
      try Data(Self.diverging.utf8).write(to: folder.appending(path: "mini.yaml"))
      let outcome = try run(
        ["run", "mini.yaml", "--device", "cpu", "--output", "out"], in: folder)
      #expect(outcome.code == 0)
      let lines = outcome.error.split(separator: "\n").map(String.init)
      let said = lines.filter { $0.hasPrefix("Diverged at step ") }
      #expect(!said.isEmpty)
      for line in said {
        #expect(
          line.contains(": small, ")
            && line.contains(", supervised, sgd ×10000, seed 1; its doses from step "), "\(line)")
        #expect(try run(["status", "out"], in: folder).output.contains(line + "\n"))
      }
      let export = try run(["export", "out"], in: folder).output.split(separator: "\r\n")
      #expect(export.filter { $0.contains(",diverged at step,") }.count == said.count)
      let rows = try run(["status", "out", "--json"], in: folder).output.split(separator: "\n")
      #expect(rows.filter { $0.contains(#""kind":"diverged""#) }.count == said.count)
      let report = try String(
        contentsOf: folder.appending(path: "out/report.html"), encoding: .utf8)
      #expect(report.contains("are left out: diverged at step "))
    }
  }

  /// `plan` and `run` refuse a study whose tensors are larger than the device's buffers, before training.
  @Test(arguments: ["plan", "run"])
  func aBufferAboveTheLimitIsRefused(_ command: String) throws {
    guard !openCLDevices.isEmpty else { return }
    try withFolder { folder in
      _ = try mini(in: folder)
      let outcome = try run(
        [command, "mini.yaml", "--device", "opencl:0:0", "--output", "out"],
        environment: ["DORMOUSE_PRETEND": "allocation=8192"], in: folder)
      #expect(outcome.code == 69 && outcome.output == "")
      let line = try #require(outcome.complaints.first)
      #expect(outcome.complaints.count == 1)
      #expect(line.hasPrefix("dormouse: train-base-model (small 8): one model needs a buffer of "))
      #expect(
        line.contains("the device's largest buffer has 8 KiB; choose a smaller batch"), "\(line)")
      #expect(!outcome.error.contains("compil"), "\(outcome.error)")
      #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "out/stages").path))
    }
  }

  /// Damage of what only the report reads is healed by the command that finds it; the others name it.
  @Test func aDamagedProductIsHealedByTheNextRun() throws {
    try withFolder { folder in
      let command = try mini(in: folder)
      #expect(try run(command, in: folder).code == 0)
      let stages = folder.appending(path: "out/stages")
      let names = try FileManager.default.contentsOfDirectory(atPath: stages.path)
      let name = try #require(names.first { $0.hasPrefix("insert-backdoor-") })
      let file = stages.appending(path: "\(name)/insertion.json")
      var bytes = try Data(contentsOf: file)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: file)
      for reader in ["report", "export"] {
        let outcome = try run([reader, "out"], in: folder)
        #expect(outcome.code == 65)
        #expect(
          outcome.complaints == [
            "dormouse: \(file.path): the content differs from the SHA-256 in the record; "
              + "`dormouse run` with the same study and folder makes it again"
          ])
      }
      let healed = try run(command, in: folder)
      #expect(healed.code == 0 && healed.complaints.isEmpty)
      #expect(healed.error.contains("; it is made again\n"))
      for prefix in ["insert-backdoor-", "train-base-model-", "train-safety-"] {
        let name = try #require(names.first { $0.hasPrefix(prefix) })
        try FileManager.default.removeItem(at: stages.appending(path: name))
        #expect(
          try run(["status", "out"], in: folder).output.hasSuffix(
            "1 product to make: run the same command again\n"))
        let again = try run(command, in: folder)
        #expect(again.code == 0 && again.complaints.isEmpty)
        #expect(try run(["status", "out"], in: folder).output.hasSuffix("finished\n"))
      }
    }
  }

  @Test(arguments: [
    ("0123abcd", true), ("0123abcd with changes", true), ("", false), ("../0123abcd", false),
  ])
  func recordsAndTheReportNameTheCommit(_ commit: String, _ isNamed: Bool) throws {
    try withFolder { folder in
      let environment = ["DORMOUSE_COMMIT": commit]
      #expect(try run(mini(in: folder), environment: environment, in: folder).code == 0)
      let stages = folder.appending(path: "out/stages")
      let names = try FileManager.default.contentsOfDirectory(atPath: stages.path)
      let name = try #require(names.first { $0.hasPrefix("train-base-model-") })
      for file in ["out/report.html", "out/stages/\(name)/record.json"] {
        let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
        #expect(text.contains("0123abcd") == isNamed, "\(file)")
        // The command that repeats the run names the backend, which is not the default one.
        guard file.hasSuffix("html") else { continue }
        #expect(text.contains("dormouse run mini.yaml --device cpu"))
        #expect(text.contains("time of runs"))
      }
    }
  }

  /// Weights of a finished run are read by nothing but this.
  @Test func statusVerifiesEveryByte() throws {
    try withFolder { folder in
      #expect(try run(mini(in: folder), in: folder).code == 0)
      let whole = try run(["status", "out", "--verify"], in: folder)
      #expect(whole.code == 0)
      let stages = folder.appending(path: "out/stages")
      let names = try FileManager.default.contentsOfDirectory(atPath: stages.path)
      #expect(
        whole.output.hasSuffix("finished\n\(names.count) products: every byte is as recorded\n"))
      let name = try #require(names.first { $0.hasPrefix("train-twin-") })
      let file = stages.appending(path: "\(name)/model/model.safetensors")
      var bytes = try Data(contentsOf: file)
      bytes[bytes.count / 2] ^= 1
      try bytes.write(to: file)
      #expect(try run(["status", "out"], in: folder).code == 0)
      let damaged = try run(["status", "out", "--verify"], in: folder)
      #expect(damaged.code == 65)
      #expect(
        damaged.output.hasSuffix(
          "\n\(file.path): the content differs from the SHA-256 in the record\n"))
      #expect(
        damaged.complaints == [
          "dormouse: out: 1 of \(names.count) products is damaged; delete each damaged folder, then "
            + "`dormouse run` with the same study and folder makes it again"
        ])
    }
  }

  /// A limit on the size of files, and closed streams, are faults of the system like others.
  @Test func limitsOfTheShellAreFaultsOfWriting() throws {
    try withFolder { folder in
      let program = try #require(Self.program)
      _ = try mini(in: folder)
      func shell(_ script: String) throws -> (code: Int32, error: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, program.path]
        process.currentDirectoryURL = folder
        let log = folder.appending(path: "log")
        try Data().write(to: log)
        process.standardError = try FileHandle(forWritingTo: log)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return (
          process.terminationReason == .exit ? process.terminationStatus : 128,
          try String(contentsOf: log, encoding: .utf8)
        )
      }
      let limited = try shell(
        "ulimit -f 8; exec \"$0\" run mini.yaml --device cpu --output out")
      #expect(limited.code == 73)
      #expect(
        limited.error.hasSuffix(": cannot write: File too large (EFBIG)\n"), "\(limited.error)")
      // What is written to a closed stream goes nowhere, and not into the next file that is opened.
      let closed = try shell("exec \"$0\" run mini.yaml --device cpu --output out 2>&-")
      #expect(closed.code == 0)
      let lock = try String(contentsOf: folder.appending(path: "out/lock"), encoding: .utf8)
      #expect(lock.split(separator: "\n").count == 2, "\(lock)")
    }
  }

  /// The place that cannot be written is named, and why.
  @Test func aReportThatCannotBeWrittenIsNamed() throws {
    try withFolder { folder in
      #expect(try run(mini(in: folder), in: folder).code == 0)
      let report = folder.appending(path: "out/report.html")
      try FileManager.default.removeItem(at: report)
      try FileManager.default.createDirectory(at: report, withIntermediateDirectories: false)
      try Data().write(to: report.appending(path: "x"))
      let outcome = try run(["report", "out"], in: folder)
      #expect(outcome.code == 73)
      #expect(
        outcome.complaints == [
          "dormouse: \(report.path): cannot write: Is a directory (EISDIR); move the folder away"
        ])
    }
  }

  /// The file decides how many seeds are reported.
  @Test func overridesThatCannotBeReadAreRefused() throws {
    try withFolder { folder in
      #expect(try run(mini(in: folder), in: folder).code == 0)
      let file = folder.appending(path: "out/overrides.json")
      let remedy =
        "; run the study again with its --seeds, or delete the file to use the seeds of study.yaml"
      for (content, what) in [
        (#"{"seeds":1"#, "byte 11: expected \",\" or \"}\", found the end"),
        ("[]", "expected an object with the key seeds"),
        ("{}", "seeds: expected a whole number from 1 to 64"),
        (#"{"seeds":0}"#, "seeds: expected a whole number from 1 to 64"),
        (#"{"seeds":-1}"#, "seeds: expected a whole number from 1 to 64"),
        (#"{"seeds":1000000}"#, "seeds: expected a whole number from 1 to 64"),
        (#"{"seeds":"1"}"#, "seeds: expected a whole number from 1 to 64"),
        (#"{"seeds":1,"data":7}"#, "data: expected the path of a file"),
      ] {
        try Data(content.utf8).write(to: file)
        for reader in ["status", "report", "export"] {
          let outcome = try run([reader, "out"], in: folder)
          #expect(outcome.code == 65, "\(reader) \(content)")
          #expect(outcome.complaints == ["dormouse: \(file.path): \(what)\(remedy)"])
        }
      }
      try FileManager.default.removeItem(at: file)
      #expect(try run(["status", "out"], in: folder).code == 0)
    }
  }

  /// `status` names the step of a training that was stopped.
  @Test func statusNamesTheKeptStep() throws {
    try withFolder { folder in
      let program = try #require(Self.program)
      let command = try mini(in: folder) + ["--seeds", "2"]
      let file = folder.appending(path: "mini.yaml")
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacing("base: { steps: 6", with: "base: { steps: 900000").utf8)
        .write(to: file)
      let process = Process()
      process.executableURL = program
      process.arguments = command
      process.currentDirectoryURL = folder
      let log = folder.appending(path: "log")
      try Data().write(to: log)
      process.standardError = try FileHandle(forWritingTo: log)
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      while process.isRunning {
        if try String(contentsOf: log, encoding: .utf8).contains("/900000 steps") { break }
        usleep(5000)
      }
      process.interrupt()
      process.waitUntilExit()
      #expect(process.terminationStatus == 75)
      let names = try FileManager.default.contentsOfDirectory(
        atPath: folder.appending(path: "out/stages").path)
      let steps = Set(names.compactMap { $0.firstMatch(of: /\.checkpoint-(\d+)$/)?.1 })
      #expect(names.count == 2)
      let step = try #require(steps.first)
      #expect(steps.count == 1)
      let status = try run(["status", "out"], in: folder).output
      #expect(
        status.contains("\ntrain-base-model, small: step \(step) of 900000 kept, 2 models\n"),
        "\(status)")
      let rows = try run(["status", "out", "--json"], in: folder).output.split(separator: "\n")
      #expect(
        rows.contains(
          #"{"kind":"checkpoint","models":2,"size":"small","stage":"train-base-model","step":\#(step),"steps":900000,"version":1}"#
        ), "\(rows)")
    }
  }

  @Test func interruptedItKeepsEverythingAndGoesOn() throws {
    try withFolder { folder in
      let program = try #require(Self.program)
      let process = Process()
      process.executableURL = program
      process.arguments = ["run", "smoke", "--device", "cpu"]
      process.currentDirectoryURL = folder
      let log = folder.appending(path: "log")
      try Data().write(to: log)
      process.standardError = try FileHandle(forWritingTo: log)
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      // As soon as the first product is there.
      let stages = folder.appending(path: "runs/smoke/stages").path
      while process.isRunning {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: stages)) ?? []
        if names.contains(where: { !$0.hasPrefix(".") }) { break }
        usleep(5000)
      }
      process.interrupt()
      process.waitUntilExit()
      #expect(process.terminationReason == .exit)
      #expect(process.terminationStatus == 75)
      let second = try run(["run", "smoke", "--device", "cpu"], in: folder)
      #expect(second.code == 0)
      #expect(second.error.contains("exist already"))
    }
  }
}

/// Registered studies.
extension CommandLineTests {
  @Test func aRegisteredStudyIsRunAsItIs() throws {
    try withFolder { folder in
      let command = try mini(in: folder)
      let registered = try run(["register", "mini.yaml", "--output", "out"], in: folder)
      #expect(registered.code == 0)
      #expect(
        registered.error.hasPrefix("Registered mini: seed 1, 3 cells, primary findings F2, F3"))
      let digest = String(registered.output.prefix(64))
      #expect(registered.output.hasSuffix("out/registration.json\n"))
      let again = try run(["register", "mini.yaml", "--output", "out"], in: folder)
      #expect(again.code == 65)
      #expect(again.error.contains("already registered on 20"))
      #expect(again.error.split(separator: "\n").count == 1)

      let other = try run(command + ["--seeds", "2"], in: folder)
      #expect(other.code == 65)
      #expect(
        other.error.contains(
          "(seeds); name another folder with --output, or add --exploratory, and the report calls what differs exploratory"
        ))
      #expect(try run(command, in: folder).code == 0)
      let findings = try run(["export", "out", "--table", "findings"], in: folder).output
      #expect(findings.contains(",registered,") && !findings.contains(",exploratory,"))
      let report = try String(
        contentsOf: folder.appending(path: "out/report.html"), encoding: .utf8)
      #expect(report.contains(digest))

      #expect(try run(command + ["--seeds", "2", "--exploratory"], in: folder).code == 0)
      let later = try run(["export", "out", "--table", "findings"], in: folder).output
      #expect(!later.contains(",registered,") && later.contains(",exploratory,"))

      let file = folder.appending(path: "out/registration.json")
      let text = try String(contentsOf: file, encoding: .utf8)
      try Data(text.replacing("\"seeds\":1", with: "\"seeds\":2").utf8).write(to: file)
      let changed = try run(command, in: folder)
      #expect(changed.code == 65)
      #expect(changed.error.contains("registration.json: its digest is not that of its content"))
    }
  }

  @Test func aRegistrationComesBeforeTheRun() throws {
    try withFolder { folder in
      #expect(try run(mini(in: folder), in: folder).code == 0)
      let late = try run(["register", "mini.yaml", "--output", "out"], in: folder)
      #expect(late.code == 65)
      #expect(
        late.error.contains("products already, and a registration comes before the first run"))
      let findings = try run(["export", "out", "--table", "findings"], in: folder).output
      #expect(findings.contains(",exploratory,"))
    }
  }
}
