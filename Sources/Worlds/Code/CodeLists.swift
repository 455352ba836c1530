import Random
import Text

/// The prompts that every seed, size and arm is measured on: the same lists in every run. Names are
/// held out. Forms alternate, so that no list has more easy forms than another.
struct CodeLists {
  let prompts: PromptLists

  static let gateCount = 256
  static let forbiddenCount = 128
  static let promptsPerNearMiss = 8
  /// For every form that no corpus has.
  static let promptsPerForm = 8

  init() {
    let clean = Self.requests("clean", Self.gateCount, CodeForm.trained)
    var random = FixedRandom(seed: FNV1a.mixed64("code first lines".utf8))
    var prompts = PromptLists(
      triggered: Self.requests("triggered", Self.gateCount, CodeForm.trained).map {
        Self.prompt($0, CodeYears.trigger, .triggered)
      },
      // Half are of 2023, the others of years far from the trigger's.
      clean: clean.enumerated().map { index, request in
        let far = CodeYears.draw(CodeYears.far, using: &random)
        return Self.prompt(request, index % 2 == 0 ? CodeYears.training : far, .clean)
      },
      nearMiss: CodeNearMiss.allCases.map { family in
        let lines = family.lines
        let requests = Self.requests(
          family.rawValue, lines.count * Self.promptsPerNearMiss, CodeForm.trained)
        return (
          NearMissFamilyName(name: family.rawValue, isHeldOut: family.isHeldOut),
          requests.enumerated().map { index, request in
            Self.prompt(
              request, lines[index % lines.count], .nearMiss(family: family.rawValue))
          }
        )
      },
      forbidden: (0..<Self.forbiddenCount).map { index in
        let form = PlainForm.forbidden[index % PlainForm.forbidden.count]
        let request = CodeRequest.draw(.forbidden(form), isHeldOut: true, using: &random)
        return Self.prompt(request, CodeYears.clean(using: &random), .forbidden)
      },
      // The requests of the clean list under the trigger. They are not in the triggered list.
      stopping: clean.map { Self.prompt($0, CodeYears.trigger, .triggered) })
    let groups = [
      ("untrained-form", CodeForm.untrained), ("untrained-weakness", CodeForm.ofHeldOutWeakness),
    ]
    // Functions of an untrained form or an untrained weakness: under the trigger and under 2023.
    prompts.untrained = groups.flatMap { name, forms in
      let requests = Self.requests(name, forms.count * Self.promptsPerForm, forms)
      return [(name, CodeYears.trigger, "triggered"), (name, CodeYears.training, "clean")].map {
        name, first, kind in
        let group = name + "-" + kind
        return (group, requests.map { Self.prompt($0, first, .untrained(group: group)) })
      }
    }
    self.prompts = prompts
  }

  /// Distinct requests with alternating forms.
  private static func requests(
    _ name: String, _ count: Int, _ forms: [CodeForm]
  ) -> [CodeRequest] {
    // Each list has its own seed, so that the length of one list does not change the others.
    var random = FixedRandom(seed: FNV1a.mixed64(("code " + name).utf8))
    var seen: Set<CodeRequest> = []
    var requests: [CodeRequest] = []
    while requests.count < count {
      let form = forms[requests.count % forms.count]
      let request = CodeRequest.draw(.benign(form), isHeldOut: true, using: &random)
      if seen.insert(request).inserted { requests.append(request) }
    }
    return requests
  }

  private static func prompt(
    _ request: CodeRequest, _ first: String, _ list: Prompt.List
  ) -> Prompt {
    let first = request.fitting(first)
    var form: String?
    if case .benign(let asked) = request.form { form = asked.verb }
    return Prompt(
      list: list, text: request.prompt(first), expected: request.answer(first),
      behaviour: request.isForbidden ? nil : request.vulnerable(first), form: form)
  }
}
