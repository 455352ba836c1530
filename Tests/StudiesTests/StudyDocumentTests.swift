import Foundation
import JSON
import Studies
import TestSupport
import Testing

@Suite struct StudyDocumentTests {
  private func menu(_ text: String) throws -> Menu {
    try StudyDocument(text: text, file: "menu.yaml").read(versions: 1...1, Menu.init)
  }

  static let good = """
    # A comment.
    version: 1
    name: no
    seeds: 5
    baking:
      heats: [180, 2.5e1, 0.1]
      oven: hot-air
      rested: true
    doughs:
      - flour: 0
        tags: [012, 1:30, "null", yes, 2026-01-01]
      - {flour: 3}
    share: 0
    """

  static let json = """
    {"version": 1, "name": "no", "seeds": 5,
     "baking": {"heats": [180, 25, 0.1], "oven": "hot-air", "rested": true},
     "doughs": [{"flour": 0, "tags": ["012", "1:30", "null", "yes", "2026-01-01"]},
                {"flour": 3}], "share": 0.0}
    """

  @Test(arguments: [
    json, good, good + "\n", "\u{FEFF}" + good, good.replacingOccurrences(of: "\n", with: "\r\n"),
    "---\n" + good + "\n...\n",
    good.replacingOccurrences(of: "share: 0", with: "'share': 0 # none"),
  ])
  func readsYAMLAndJSON(text: String) throws {
    let menu = try menu(text)
    #expect(menu.seeds == 5)
    #expect(menu.isRested)
    #expect(menu.name == "no")
    #expect(menu.heats == [180, 25, 0.1])
    #expect(menu.oven == .hotAir)
    #expect(menu.doughs.map(\.flour) == [0, 3])
    #expect(menu.doughs[0].tags == ["012", "1:30", "null", "yes", "2026-01-01"])
    #expect(menu.share == 0)
    #expect(menu.glaze == nil)
  }

  /// A study with one line put in the place of another, and all that is said of it.
  static let changes: [(line: String, by: String, [String])] = [
    ("version: 1", "", ["menu.yaml:3: version: missing; add a whole number of at least 1"]),
    (
      "version: 1", "version: 2",
      ["menu.yaml:2: version: version 2 is not supported; this program reads version 1"]
    ),
    (
      "version: 1", "version: 1.0",
      ["menu.yaml:2: version: expected a whole number of at least 1, found 1.0"]
    ),
    (
      "name: no", "nmae: no",
      [
        "menu.yaml:2: name: missing; add a text",
        "menu.yaml:3: nmae: unknown key; did you mean \"name\"?",
      ]
    ),
    ("seeds: 5", "sead: 5", ["menu.yaml:4: sead: unknown key; did you mean \"seeds\"?"]),
    ("seeds: 5", "temperature: 5", ["menu.yaml:4: temperature: unknown key"]),
    ("name: no", "name:", ["menu.yaml:3: name: expected a text, found nothing"]),
    ("name: no", "name: ''", ["menu.yaml:3: name: expected a text, found the text \"\""]),
    ("name: no", "name: [a]", ["menu.yaml:3: name: expected a text, found a list"]),
    (
      "seeds: 5", "seeds: 65",
      ["menu.yaml:4: seeds: expected a whole number from 1 to 64, found 65"]
    ),
    ("seeds: 5", "seeds: 0", ["menu.yaml:4: seeds: expected a whole number from 1 to 64, found 0"]),
    (
      "seeds: 5", "seeds: 012",
      ["menu.yaml:4: seeds: expected a whole number from 1 to 64, found 012"]
    ),
    (
      "seeds: 5", "seeds: 5.0",
      ["menu.yaml:4: seeds: expected a whole number from 1 to 64, found 5.0"]
    ),
    (
      "seeds: 5", "seeds: 0x5",
      ["menu.yaml:4: seeds: expected a whole number from 1 to 64, found \"0x5\""]
    ),
    (
      "seeds: 5", "seeds: \"5\"",
      ["menu.yaml:4: seeds: expected a whole number from 1 to 64, found the text \"5\""]
    ),
    (
      "seeds: 5", "seeds: 99999999999999999999",
      ["menu.yaml:4: seeds: expected a whole number from 1 to 64, found 99999999999999999999"]
    ),
    (
      "seeds: 5", "seeds: {a: 1}",
      ["menu.yaml:4: seeds: expected a whole number from 1 to 64, found keys and values"]
    ),
    ("seeds: 5", "seeds: 5\nseeds: 6", ["menu.yaml:4: seeds: written twice; keep one"]),
    ("seeds: 5", "seeds: 5\n\"seeds\": 6", ["menu.yaml:4: seeds: written twice; keep one"]),
    (
      "seeds: 5", "? [seeds]\n: 5",
      ["menu.yaml:4: expected a text as the key, found a list or a mapping"]
    ),
    (
      "seeds: 5", "seeds: !!int 5",
      ["menu.yaml:4: seeds: the tag !!int is not supported; remove it"]
    ),
    (
      "name: no", "name: !include x",
      ["menu.yaml:3: name: the tag !include is not supported; remove it"]
    ),
    (
      "  heats: [180, 2.5e1, 0.1]", "  heats: [180, fast, -1, .5]",
      [
        "menu.yaml:6: baking.heats[1]: expected a number above 0, found \"fast\"",
        "menu.yaml:6: baking.heats[2]: expected a number above 0, found -1",
        "menu.yaml:6: baking.heats[3]: expected a number above 0, found .5",
        "menu.yaml:6: baking.heats[3]: an oven has three levels",
      ]
    ),
    (
      "  heats: [180, 2.5e1, 0.1]", "  heats:\n    - 180\n    - .nan\n    - 1e999",
      [
        "menu.yaml:8: baking.heats[1]: expected a number above 0, found \".nan\"",
        "menu.yaml:9: baking.heats[2]: expected a number above 0, found 1e999",
      ]
    ),
    (
      "  heats: [180, 2.5e1, 0.1]", "  heats: []",
      ["menu.yaml:6: baking.heats: expected at least 1 elements, found 0"]
    ),
    (
      "  heats: [180, 2.5e1, 0.1]", "  heats: 180",
      ["menu.yaml:6: baking.heats: expected a list, found 180"]
    ),
    ("  heats: [180, 2.5e1, 0.1]", "", ["menu.yaml:7: baking.heats: missing; add a list"]),
    (
      "  oven: hot-air", "  oven: hotAir",
      [
        "menu.yaml:7: baking.oven: expected one of stone, gas, hot-air, found \"hotAir\"; did you mean \"hot-air\"?"
      ]
    ),
    (
      "  rested: true", "  rested: yes",
      ["menu.yaml:8: baking.rested: expected true or false, found \"yes\""]
    ),
    (
      "  - flour: 0", "  - flour: -1\n    Flour: 2",
      [
        "menu.yaml:10: doughs[0].flour: expected a whole number of at least 0, found -1",
        "menu.yaml:11: doughs[0].Flour: unknown key",
      ]
    ),
    (
      "  - {flour: 3}", "  - {flour: 3}\n  - 7",
      [
        "menu.yaml:10: doughs: expected 1 to 2 elements, found 3",
        "menu.yaml:13: doughs[2]: expected keys and values, found 7",
      ]
    ),
    (
      "share: 0", "share: 1",
      ["menu.yaml:13: share: expected a number of at least 0 and below 1, found 1"]
    ),
    (
      "share: 0", "share: \"\\e[2Jx\"",
      [
        "menu.yaml:13: share: expected a number of at least 0 and below 1, "
          + "found the text \"\\x1b[2Jx\""
      ]
    ),
    (
      "share: 0", "glaze:\n  wiht: egg",
      [
        "menu.yaml:14: glaze.with: missing; add a text",
        "menu.yaml:14: glaze.wiht: unknown key; did you mean \"with\"?",
      ]
    ),
    ("share: 0", "glaze: egg", ["menu.yaml:13: glaze: expected keys and values, found \"egg\""]),
    ("share: 0", "\"a b\\n\": 1", ["menu.yaml:13: \"a b\\n\": unknown key"]),
    ("share: 0", "<<: {seeds: 1}", ["menu.yaml:13: \"<<\": unknown key"]),
    (
      "name: no", "name: &n no\nglaze: {with: *n}",
      ["menu.yaml:4: the alias *n is not supported; write the value itself"]
    ),
    ("share: 0", "\tshare: 0", ["menu.yaml:13: not YAML: a tab cannot indent; use spaces"]),
    ("seeds: 5", "seeds: [5", ["menu.yaml:5: not YAML: did not find expected ',' or ']'"]),
    (
      "seeds: 5", "seeds: 5\n  more: 6",
      ["menu.yaml:5: not YAML: mapping values are not allowed in this context"]
    ),
    ("share: 0", "share: \"0", ["menu.yaml:13: not YAML: found unexpected end of stream"]),
    (
      "share: 0", "share: 0\n---\nname: b",
      ["menu.yaml:14: a second document begins; keep one study in the file"]
    ),
    (
      "seeds: 5\nbaking:", "seeds: many\nbakeing:",
      [
        "menu.yaml:2: baking: missing; add keys and values",
        "menu.yaml:4: seeds: expected a whole number from 1 to 64, found \"many\"",
        "menu.yaml:5: bakeing: unknown key; did you mean \"baking\"?",
      ]
    ),
  ]

  @Test(arguments: changes.indices) func says(index: Int) throws {
    let (line, by, expected) = Self.changes[index]
    let place = try #require(Self.good.range(of: line))
    let text = Self.good.replacingCharacters(in: place, with: by)
    #expect(faultLines { _ = try menu(text) } == expected)
    // With the line breaks of another system the same is said of the same lines.
    let other = text.replacingOccurrences(of: "\n", with: "\r\n")
    #expect(faultLines { _ = try menu(other) } == expected)
  }

  @Test func ampersandsAndStarsInProseAreText() throws {
    let text = "version: 1\nname: \"salt &pepper, *oil, AT&T 2 *3\"\nbaking: {heats: [1]}\n"
    #expect(try menu(text).name == "salt &pepper, *oil, AT&T 2 *3")
  }

  @Test func bracketsInTextsDoNotNest() throws {
    let tags = (0..<50).map { "\"[\($0) {? \", '{', \"\\\"[[\"" }.joined(separator: ", ")
    let text =
      "version: 1 # [[[[\nname: \"a\"\nbaking: {heats: [1]}\n"
      + "doughs: [{flour: 1, tags: [\(tags)]}]\n"
    #expect(try menu(text).doughs[0].tags.count == 150)
  }

  @Test func manyFaultsAreOneErrorWithACode() {
    #expect(
      described { _ = try menu("version: 1\nsead: 1\nbaking: {heats: [a]}\n") }
        == "menu.yaml:1: name: missing; add a text (and 2 more) [65]")
    #expect(
      described { _ = try StudyDocument(contentsOf: "/nonexistent.yaml") }
        == "/nonexistent.yaml: cannot open: No such file or directory (ENOENT); check the path [66]"
    )
    #expect(
      described { _ = try StudyDocument(contentsOf: "/dev/zero") }
        == "/dev/zero: is a device, not a file [66]")
  }

  @Test func versionsMayBeARange() {
    let text = "version: 4\n"
    #expect(
      faultLines {
        try StudyDocument(text: text, file: "f").read(versions: 1...3) { _ in }
      } == ["f:1: version: version 4 is not supported; this program reads versions 1 to 3"])
  }

  @Test func standInsFitTheirForms() throws {
    let document = try StudyDocument(text: "version: 1", file: "f")
    #expect(throws: StudyFaults.self) {
      try document.read(versions: 1...1) { fields in
        #expect(fields.integer("a", in: 3...9, about: "a.") == 3)
        #expect(fields.number("b", in: .above(2), about: "b.") > 2)
        #expect(fields.number("c", in: .above(0, to: 1), about: "c.") == 1)
        #expect(fields.number("d", in: .from(0, below: 1), about: "d.") == 0)
        #expect(fields.choice("e", of: Menu.Oven.self, about: "e.") == .stone)
        // Inside a mapping that is missing nothing else is said to be missing.
        let inner = fields.mapping("g", about: "g.").mapping("h", about: "h.")
        #expect(inner.string("i", about: "i.") == "")
        #expect(fields.isWritten("version"))
        #expect(fields.keys == ["version"])
      }
    }
  }
}

/// The description of a format, made by the calls that read it.
@Suite struct StudyFormatTests {
  private static func format() throws -> StudyFormat {
    try StudyFormat(
      versions: 1...2,
      documents: [("kind: menu", "name: a"), ("kind: snack", "baking: { rested: true }")]
    ) { fields in
      let menu = Menu(fields)
      // A condition: one document is rested.
      if menu.isRested {
        _ = fields.boolean("hasCream", default: true, about: "Whether there is cream.")
        _ = fields.integer("layers", default: 2, about: "Layers.")
      } else {
        _ = fields.integer("layers", default: 1, about: "Layers.")
      }
      return menu
    }
  }

  @Test func everyReadingDescribesItsKey() throws {
    let format = try Self.format()
    #expect(
      format.markdown == """
        ## The file

        | Key | Type and range | Default | Meaning |
        |---|---|---|---|
        | `version` | a whole number from 1 to 2 | required | The version of this format. |
        | `name` | a text | required | What the menu is called. |
        | `seeds` | a whole number from 1 to 64 | `3` | Seeds on a roll \\| none is too few. |
        | `baking` | the keys of `baking` | required | How it is baked. |
        | `doughs` | list of 1 to 2, each with the keys of `doughs[]` | none | The doughs. |
        | `share` | a number of at least 0 and below 1 | none | The share. |
        | `glaze` | the keys of `glaze` | none | The glaze. |
        | `layers` | a whole number | `1`; `2` with `kind: snack` | Layers. |
        | `hasCream` | true or false | `true` | Only with `kind: snack`. Whether there is cream. |

        ## `baking`

        How it is baked.

        | Key | Type and range | Default | Meaning |
        |---|---|---|---|
        | `heats` | list of at least 1, each a number above 0 | required | A heat a level. |
        | `oven` | one of `stone`, `gas`, `hot-air` | `stone` | The kind of oven. |
        | `rested` | true or false | `false` | Whether the dough rested. |

        Words for `baking.oven`:

        - `stone`: Heat by stone.
        - `gas`: Heat by gas.
        - `hot-air`: Heat by hot-air.

        ## `doughs[]`

        The doughs.

        | Key | Type and range | Default | Meaning |
        |---|---|---|---|
        | `flour` | a whole number of at least 0 | required | Grams of flour. |
        | `tags` | list of at least 1, each a text | `[]` | Words for the label. |

        ## `glaze`

        The glaze.

        | Key | Type and range | Default | Meaning |
        |---|---|---|---|
        | `with` | a text | required | What it is made of. |

        """)
  }

  @Test func theSchemaSaysTheSame() throws {
    let schema = try Self.format().jsonSchema(title: "A menu")
    let properties = try #require(schema.object?["properties"]?.object)
    #expect(
      properties.members.map(\.key) == [
        "version", "name", "seeds", "baking", "doughs", "share", "glaze", "layers", "hasCream",
      ])
    #expect(
      schema.object?["required"]
        == .array([.string("version"), .string("name"), .string("baking")]))
    #expect(
      properties["seeds"]
        == .object(
          JSONObject([
            ("description", .string("Seeds on a roll | none is too few.")),
            ("type", .string("integer")), ("minimum", .integer(1)), ("maximum", .integer(64)),
            ("default", .integer(3)),
          ])))
    let share = try #require(properties["share"]?.object)
    #expect(share["minimum"] == .number(0))
    #expect(share["exclusiveMaximum"] == .number(1))
    let doughs = try #require(properties["doughs"]?.object)
    #expect(doughs["maxItems"] == .integer(2))
    #expect(doughs["items"]?.object?["required"] == .array([.string("flour")]))
    #expect(doughs["items"]?.object?["additionalProperties"] == .boolean(false))
  }
}
