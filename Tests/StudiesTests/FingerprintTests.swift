import Foundation
import Studies
import TestSupport
import Testing

/// Golden values were made by this Python 3 program:
///
///     import hashlib, json
///     def canonical(name, revision, identity, inputs):
///         return json.dumps({"name": name, "revision": revision, "identity": identity,
///                            "inputs": inputs}, sort_keys=True, separators=(",", ":"),
///                           ensure_ascii=False).encode()
///     def fingerprint(*stage): return hashlib.sha256(canonical(*stage)).hexdigest()
///     dough = fingerprint("knead-dough", 1, {"flour": 3, "seed": 18446744073709551615}, [])
///     loaf = fingerprint("bake-loaf", 2, {"heat": 0.001, "note": "crust \u00e9\n\"x\""}, [dough])
///     bare = fingerprint("bake-loaf", 2, {"heat": 180}, [dough])
///     print(dough, loaf, bare, fingerprint("taste", 1, {"at": 10}, [loaf]))
@Suite struct FingerprintTests {
  static let dough = Bakery.dough(flour: 3, seed: .max)
  static let loaf = Bakery.loaf(of: dough, heat: 0.001, note: "crust é\n\"x\"")

  @Test(arguments: [
    (dough, "aa2730b3b962e1aaded7048b517b26b5547c478f63de7bdb1dd7e17fb9ec4499"),
    (loaf, "9967750bd44e1d00bdf282dfe302286be331300f62fc0a51b1765469a00ffd3f"),
    (
      .loaf(of: dough, heat: 180, note: nil),
      "5745b018e4211dbe6ccd9dbe887707b39fc8e5f65d14711ba968a0374ca381c6"
    ),
    (
      .tasting(of: loaf, at: 10), "aafd788e4a4c0941bc35009940f2c3f56f64d40f8dd1e9bf5c4111b9fb4ed19b"
    ),
  ])
  func equalsPythons(stage: Bakery, expected: String) throws {
    #expect(try Fingerprint(of: stage).text == expected)
    #expect(try Fingerprint(of: stage).short == String(expected.prefix(12)))
  }

  @Test func isTakenOfThisText() throws {
    let text = String(decoding: try Fingerprint.canonicalJSON(of: Self.loaf), as: UTF8.self)
    let dough = try Fingerprint(of: Self.dough).text
    #expect(
      text == #"{"identity":{"heat":0.001,"note":"crust é\n\"x\""},"inputs":[""# + dough
        + #""],"name":"bake-loaf","revision":2}"#)
  }

  @Test func refusesWhatHasNoStableForm() {
    #expect(
      described { _ = try Fingerprint(of: Bakery.loaf(of: Self.dough, heat: .nan, note: nil)) }
        == "identity.heat: nan is not a finite number and has no stable form [70]")
  }

  @Test func zeroHasNoSign() throws {
    let plus = Bakery.loaf(of: Self.dough, heat: 0, note: nil)
    let minus = Bakery.loaf(of: Self.dough, heat: -0.0, note: nil)
    #expect(try Fingerprint(of: plus) == Fingerprint(of: minus))
  }

  @Test func textIsStrict() {
    #expect(Fingerprint(String(repeating: "a", count: 63)) == nil)
    #expect(Fingerprint(String(repeating: "A", count: 64)) == nil)
    #expect(Fingerprint(String(repeating: "a", count: 64))?.short == "aaaaaaaaaaaa")
  }
}
