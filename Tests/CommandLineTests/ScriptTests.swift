import Foundation
import Testing

/// `Scripts/setup` and `Scripts/dormouse` with other programs in the place of Swift and of Debian's.
@Suite struct ScriptTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A checkout with the real scripts, and a folder of programs that is all of its PATH.
  final class Checkout {
    let folder: URL
    let programs: URL

    init(toolsVersion: String = "6.2") throws {
      folder = FileManager.default.temporaryDirectory
        .appending(path: "dormouse-\(UInt64.random(in: .min ... .max))")
      programs = folder.appending(path: "programs")
      for name in ["Scripts", "Sources", "Kernels", "programs"] {
        try FileManager.default.createDirectory(
          at: folder.appending(path: name), withIntermediateDirectories: true)
      }
      for name in ["dormouse", "setup", "build", "implementations"] {
        try FileManager.default.copyItem(
          at: ScriptTests.root.appending(path: "Scripts/\(name)"),
          to: folder.appending(path: "Scripts/\(name)"))
      }
      try write("Package.swift", "// swift-tools-version: \(toolsVersion)\n")
      try write("Sources/a.swift", "a")
      try write("Kernels/b.cl", "b")
      for name in [
        "bash", "cat", "cut", "date", "dirname", "env", "find", "grep", "head", "id", "mkdir",
        "mktemp",
        "printf", "readlink", "rm", "sed", "sha256sum", "sort", "stat", "stty", "touch",
      ] {
        for place in ["/usr/bin", "/bin"]
        where FileManager.default.isExecutableFile(atPath: "\(place)/\(name)") {
          try FileManager.default.createSymbolicLink(
            atPath: programs.path + "/" + name, withDestinationPath: "\(place)/\(name)")
          break
        }
      }
      try program(
        "dpkg-query",
        "for package in \"$@\"; do echo \"$package install ok installed\"; done")
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: folder.appending(path: name))
    }

    func program(_ name: String, _ text: String) throws {
      let file = programs.appending(path: name)
      try Data(("#!" + programs.path + "/bash\n" + text + "\n").utf8).write(to: file)
      try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: file.path)
    }

    /// A compiler of a version whose builds make a program that prints its arguments.
    func swift(_ version: String, build: String = "") throws {
      try program(
        "swift",
        """
        if [ "$1" = --version ]; then
          echo "Swift version \(version) (swift-\(version)-RELEASE)"; exit 0
        fi
        echo build >>'\(folder.path)/builds'
        echo '[1/3] Compiling Tensors Tensor.swift'
        echo '[3/3] Linking dormouse'
        \(build)
        mkdir -p '\(folder.path)/.build/release'
        printf '#!%s\\necho "ran $*"\\n' '\(programs.path)/bash' >'\(folder.path)/.build/release/dormouse'
        chmod 700 '\(folder.path)/.build/release/dormouse'
        """)
      if !FileManager.default.fileExists(atPath: programs.path + "/chmod") {
        try FileManager.default.createSymbolicLink(
          atPath: programs.path + "/chmod", withDestinationPath: "/bin/chmod")
      }
    }

    var builds: Int {
      let text = try? String(contentsOf: folder.appending(path: "builds"), encoding: .utf8)
      return text?.split(separator: "\n").count ?? 0
    }

    func bash(_ arguments: [String]) throws -> (code: Int32, output: String, error: String) {
      let process = Process()
      process.executableURL = programs.appending(path: "bash")
      process.arguments = arguments
      process.environment = [
        "PATH": programs.path, "HOME": folder.path, "OCL_ICD_VENDORS": folder.path, "TERM": "dumb",
      ]
      let files = ["out", "err"].map { folder.appending(path: $0) }
      for file in files { try Data().write(to: file) }
      process.standardOutput = try FileHandle(forWritingTo: files[0])
      process.standardError = try FileHandle(forWritingTo: files[1])
      process.standardInput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      return (
        process.terminationStatus, try String(contentsOf: files[0], encoding: .utf8),
        try String(contentsOf: files[1], encoding: .utf8)
      )
    }

    func setUp() throws -> (code: Int32, output: String, error: String) {
      try bash(["-c", "set -euo pipefail; . '\(folder.path)/Scripts/setup'; set_up"])
    }

    func run() throws -> (code: Int32, output: String, error: String) {
      try bash([folder.path + "/Scripts/dormouse", "plan", "two words"])
    }
  }

  private static let advice =
    "install it from https://www.swift.org/install/linux and run this again.\n"

  @Test func aMissingCompilerIsNamedWithTheVersionOfTheManifest() throws {
    let checkout = try Checkout(toolsVersion: "6.4")
    let outcome = try checkout.setUp()
    #expect(outcome.code == 69)
    #expect(
      outcome.error == "Swift 6.4 or newer is needed and was not found: " + Self.advice)
  }

  @Test(arguments: ["6.0.3", "6.1", "5.10.1"])
  func anOldCompilerIsNamedWithBothVersions(_ version: String) throws {
    let checkout = try Checkout()
    try checkout.swift(version)
    let outcome = try checkout.setUp()
    #expect(outcome.code == 69)
    #expect(
      outcome.error == "Swift 6.2 or newer is needed; this is \(version): " + Self.advice)
  }

  @Test(arguments: ["6.2", "6.2.1", "6.10", "7.0"])
  func aCompilerThatIsNewEnoughIsTaken(_ version: String) throws {
    let checkout = try Checkout()
    try checkout.swift(version)
    let outcome = try checkout.setUp()
    #expect(outcome.code == 0 && outcome.error.isEmpty)
  }

  @Test func aCompilerWithoutAVersionIsRefused() throws {
    let checkout = try Checkout()
    try checkout.program("swift", "echo nonsense")
    let outcome = try checkout.setUp()
    #expect(outcome.code == 69)
    #expect(
      outcome.error
        == "Swift 6.2 or newer is needed; `swift --version` names no version: " + Self.advice)
  }

  @Test func missingPackagesAreNamedWhereNobodyCanInstallThem() throws {
    let checkout = try Checkout()
    try checkout.swift("6.2")
    try checkout.program(
      "dpkg-query",
      """
      echo 'ocl-icd-opencl-dev install ok installed'
      echo 'opencl-headers deinstall ok config-files'
      exit 1
      """)
    try FileManager.default.removeItem(at: checkout.programs.appending(path: "id"))
    try checkout.program("id", "echo 1000")
    let outcome = try checkout.setUp()
    #expect(outcome.code == 69)
    #expect(
      outcome.error == """
        These packages are missing, and there is no sudo. Run this as root, then try again:
          env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a apt-get install -y \
        --no-install-recommends opencl-headers libopenblas-dev

        """)
  }

  @Test func aSmallAddressSpaceIsRefused() throws {
    let checkout = try Checkout()
    try checkout.swift("6.2")
    func run(_ limit: String) throws -> (code: Int32, output: String, error: String) {
      try checkout.bash([
        "-c", "ulimit -v \(limit); exec '\(checkout.folder.path)/Scripts/dormouse' plan",
      ])
    }
    let small = try run("256000")
    #expect(small.code == 69 && small.output.isEmpty)
    #expect(
      small.error
        == "The limit of address space (ulimit -v) is 256000 KiB, and Dormouse needs at least 1048576 KiB: raise the limit and run this again.\n"
    )
    #expect(try run("1048576").code == 0)
  }

  @Test func anotherSystemIsToldWhatToInstall() throws {
    let checkout = try Checkout()
    try checkout.swift("6.2")
    try FileManager.default.removeItem(at: checkout.programs.appending(path: "dpkg-query"))
    let outcome = try checkout.setUp()
    #expect(outcome.code == 69)
    #expect(outcome.error.hasPrefix("This set-up knows Debian and Ubuntu. Install OpenCL's "))
  }

  @Test func builtOnceAndAgainAfterAnyChangeOfSources() throws {
    let checkout = try Checkout()
    try checkout.swift("6.2")
    func expectRun(builds: Int, _ change: String) throws {
      let outcome = try checkout.run()
      #expect(outcome.code == 0, "\(change): \(outcome.error)")
      #expect(outcome.output == "ran plan two words\n", "\(change)")
      #expect(checkout.builds == builds, "\(change)")
    }
    try expectRun(builds: 1, "nothing built")
    try expectRun(builds: 1, "nothing changed")
    try checkout.write("Sources/a.swift", "b")
    try expectRun(builds: 2, "a source of as many bytes")
    // As a switch of branches does it: a file that is older than the program.
    try checkout.write("Sources/new.swift", "c")
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)],
      ofItemAtPath: checkout.folder.path + "/Sources/new.swift")
    try expectRun(builds: 3, "an old file")
    try FileManager.default.removeItem(at: checkout.folder.appending(path: "Sources/new.swift"))
    try expectRun(builds: 4, "a deleted file")
    try checkout.write("Kernels/b.cl", "bb")
    try expectRun(builds: 5, "a kernel")
    try checkout.write("Package.resolved", "other versions")
    try expectRun(builds: 6, "the versions of packages")
    try FileManager.default.removeItem(at: checkout.folder.appending(path: "Package.resolved"))
    try expectRun(builds: 7, "no versions of packages")
    try checkout.write("Package.swift", "// swift-tools-version: 6.2\n// other\n")
    try expectRun(builds: 8, "the manifest")
    try checkout.swift("6.3.1", build: ": another compiler")
    try expectRun(builds: 9, "the compiler")
    try FileManager.default.removeItem(
      at: checkout.folder.appending(path: ".build/release/dormouse"))
    try expectRun(builds: 10, "no program")
    try expectRun(builds: 10, "nothing changed")
  }

  /// The first build writes the versions of the packages that it chose.
  @Test func theFirstBuildIsTheOnlyOne() throws {
    let checkout = try Checkout()
    try checkout.swift("6.2", build: "echo versions >'\(checkout.folder.path)/Package.resolved'")
    for _ in 1...2 {
      let outcome = try checkout.run()
      #expect(outcome.code == 0, "\(outcome.error)")
      #expect(checkout.builds == 1)
    }
  }

  @Test func whatABuildSaysIsShownWhereItFails() throws {
    let checkout = try Checkout()
    try checkout.swift("6.2", build: "echo 'Sources/a.swift:1:1: error: no such thing'; exit 1")
    let outcome = try checkout.run()
    #expect(outcome.code == 70 && outcome.output.isEmpty)
    #expect(
      outcome.error == """
        Building Dormouse (3 to 5 minutes on two cores): 1 step done, 0 min 00 s
        Sources/a.swift:1:1: error: no such thing

        """)
    // A failure is no build.
    try checkout.swift("6.2")
    #expect(try checkout.run().output == "ran plan two words\n")
    #expect(checkout.builds == 2)
  }

  @Test func anOldCompilerIsNoMatterWhereNothingIsBuilt() throws {
    let checkout = try Checkout()
    try checkout.swift("6.2")
    #expect(try checkout.run().code == 0)
    try checkout.swift("6.0.3")
    let outcome = try checkout.run()
    // The compiler changed, so the program would be built anew, and cannot be.
    #expect(outcome.code == 69)
    #expect(outcome.error.contains("this is 6.0.3"))
  }
}
