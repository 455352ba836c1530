import Studies

/// A study with one of everything that a schema can ask for.
struct Menu: Sendable {
  enum Oven: String, DocumentedChoice {
    case stone, gas
    case hotAir = "hot-air"

    var meaning: String { "Heat by \(rawValue)." }
  }

  struct Dough: Sendable {
    var flour: Int
    var tags: [String]
  }

  var name: String
  var seeds: Int
  var heats: [Double]
  var oven: Oven
  var isRested: Bool
  var doughs: [Dough]
  var share: Double?
  var glaze: String?

  init(_ fields: Fields) {
    name = fields.string("name", about: "What the menu is called.")
    seeds = fields.integer(
      "seeds", in: 1...64, default: 3, about: "Seeds on a roll | none is too few.")
    let baking = fields.mapping("baking", about: "How it is baked.")
    heats = baking.list("heats", of: .number(in: .above(0)), about: "A heat a level.")
    oven = baking.choice("oven", of: Oven.self, default: .stone, about: "The kind of oven.")
    isRested = baking.boolean("rested", default: false, about: "Whether the dough rested.")
    doughs = fields.mappings("doughs", count: 1...2, optional: true, about: "The doughs.").map {
      Dough(
        flour: $0.integer("flour", in: 0...Int.max, about: "Grams of flour."),
        tags: $0.list("tags", of: .string, default: [], about: "Words for the label."))
    }
    share = fields.optional("share", .number(in: .from(0, below: 1)), about: "The share.")
    glaze = fields.optionalMapping("glaze", about: "The glaze.")?.string(
      "with", about: "What it is made of.")
    if heats.count > 3 { baking.fault("heats", element: 3, "an oven has three levels") }
  }
}

/// Every line that is said of a study file; none where it is read.
func faultLines(_ body: () throws -> Void) -> [String] {
  do {
    try body()
    return []
  } catch let faults as StudyFaults {
    return faults.lines
  } catch {
    return ["\(error)"]
  }
}
