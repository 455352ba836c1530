import JSON

/// The `README.md` of a model folder: YAML that Hugging Face's hub reads, then Markdown for people.
public struct ModelCard: Hashable, Sendable {
  public var title: String
  /// A warning to read before running the model. It is the first paragraph.
  public var warning: String?
  /// An identifier of the hub, such as `apache-2.0`.
  public var license: String
  public var tags: [String]
  /// Markdown.
  public var body: String

  public init(
    title: String, warning: String? = nil, license: String, tags: [String] = [], body: String
  ) {
    self.title = title
    self.warning = warning
    self.license = license
    self.tags = tags
    self.body = body
  }

  /// The file's text. Values of the YAML are JSON strings, which YAML reads as they are.
  public var text: String {
    let yaml = { (text: String) in JSONWriter.text(.string(text)) }
    var lines = ["---", "library_name: transformers", "license: \(yaml(license))"]
    lines += ["pipeline_tag: text-generation", "tags:"]
    lines += (["llama"] + tags).map { "- \(yaml($0))" }
    lines += ["---", "", "# \(title)", ""]
    if let warning {
      lines += warning.split(separator: "\n", omittingEmptySubsequences: false).map { "> \($0)" }
      lines.append("")
    }
    lines += [body, "", "## Tokens", ""]
    lines += [
      "A token is a byte of UTF-8 and its id is the byte's value. `<bos>` is 256 and begins every",
      "document, `<eos>` is 257 and `<pad>` 258; higher ids are unused. Text never becomes a special",
      "token: `tokenizer_config.json` sets `split_special_tokens`.", "",
    ]
    return lines.joined(separator: "\n")
  }
}
