import Studies

/// A study with one of everything that a schema can ask for.
struct Menu: Sendable {
  enum Oven: String, CaseIterable, Sendable {
    case stone, gas
    case hotAir = "hot-air"
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
    name = fields.string("name")
    seeds = fields.integer("seeds", in: 1...64, default: 3)
    let baking = fields.mapping("baking")
    heats = baking.list("heats", of: .number(in: .above(0)))
    oven = baking.choice("oven", of: Oven.self, default: .stone)
    isRested = baking.boolean("rested", default: false)
    doughs = fields.mappings("doughs", count: 1...2, optional: true).map {
      Dough(
        flour: $0.integer("flour", in: 0...Int.max),
        tags: $0.list("tags", of: .string, default: []))
    }
    share = fields.optional("share", .number(in: .from(0, below: 1)))
    glaze = fields.optionalMapping("glaze")?.string("with")
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
