import Foundation
import Testing

/// `Scripts/implementations` with programs in the place of Dormouse and of Oclgrind.
extension ScriptTests {
  /// Runs a check on an implementation that is already set up.
  ///
  /// - Parameters:
  ///   - dormouse: what the program does.
  ///   - launcher: what the program that starts Dormouse does, such as Oclgrind; it may run `"$@"`.
  private func check(
    _ implementation: String, dormouse: String, launcher: String? = nil
  ) throws -> (code: Int32, output: String, error: String) {
    let checkout = try Checkout()
    try checkout.program("program", dormouse)
    if let launcher { try checkout.program("launcher", launcher) }
    return try checkout.bash([
      "-c",
      """
      set -euo pipefail
      root='\(checkout.folder.path)' folder="$root/results" settings=(NAME=value)
      . "$root/Scripts/setup"; . "$root/Scripts/implementations"
      mkdir -p "$root/.build/release" "$folder"
      printf 'exec program "$@"' >"$root/.build/release/dormouse"
      launcher=(\(launcher == nil ? "" : "launcher \"$folder/log\"") bash)
      check_implementation \(implementation) manyItems --small || exit 1
      """,
    ])
  }

  @Test func theStyleTheDeviceAndTheOptionsReachTheProgram() throws {
    let outcome = try check("intel", dormouse: "echo \"$NAME $DORMOUSE_STYLE $*\"")
    #expect(outcome.code == 0)
    #expect(outcome.output == "value manyItems check-device --device opencl:0:0 --small\n")
    #expect(
      outcome.error.hasPrefix("Checking the device of intel, style manyItems\nChecked intel, "))
  }

  @Test(arguments: [1, 69])
  func aFailedCheckFails(_ code: Int) throws {
    let outcome = try check("pocl", dormouse: "echo FAIL; exit \(code)")
    #expect(outcome.code == 1 && outcome.output == "FAIL\n")
    #expect(!outcome.error.contains("Checked"))
  }

  /// Oclgrind exits with 0 where it found a race.
  @Test func aReportOfOclgrindFails() throws {
    let clean = try check(
      "oclgrind", dormouse: "echo passed", launcher: "log=$1; shift; : >\"$log\"; \"$@\"")
    #expect(clean.code == 0 && clean.output == "passed\n")
    let reported = try check(
      "oclgrind", dormouse: "echo passed",
      launcher: "log=$1; shift; \"$@\"; echo 'Write-write data race' >\"$log\"; exit 0")
    #expect(reported.code == 1 && reported.output == "passed\n")
    #expect(reported.error.hasSuffix("Oclgrind reported:\nWrite-write data race\n"))
    let silent = try check("oclgrind", dormouse: "echo passed", launcher: "shift; \"$@\"")
    #expect(silent.code == 1 && silent.error.hasSuffix("Oclgrind wrote no log.\n"))
  }

  @Test(arguments: [
    (["nothing"], "--implementation: expected one of pocl intel rusticl oclgrind\n"),
    (["pocl", "--style", "all"], "--style: expected one of wideItems manyItems\n"),
  ])
  func mistypedNamesAreRefused(_ arguments: [String], _ complaint: String) throws {
    let checkout = try Checkout()
    let outcome = try checkout.bash(
      [
        "-c",
        """
        set -euo pipefail; root='\(checkout.folder.path)'
        . "$root/Scripts/setup"; . "$root/Scripts/implementations"
        check_named_implementation "$@"
        """, "bash",
      ] + arguments)
    #expect(outcome.code == 64 && outcome.error == complaint)
  }
}
