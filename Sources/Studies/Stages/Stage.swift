/// A step of a study as a value: everything that decides its product is stored in it.
///
/// A stage contains the stages it builds on by value. A study conforms one enum to this, indirect
/// where a case holds other stages, so that a new kind of stage makes the compiler list every place
/// to extend. Device, threads and folders are circumstance: they are no part of a stage.
public protocol Stage: Hashable, Sendable {
  /// The kind of the stage in kebab case, such as `train-base-model`: part of its product's path.
  var name: String { get }
  /// Raised whenever the making of this kind changes its meaning.
  var revision: Int { get }
  /// The stages whose products this one is made from. They are part of its fingerprint.
  var inputs: [Self] { get }
  /// Further stages whose products the making of this one reads: inputs of its inputs. They are part of
  /// its fingerprint through these; the plan makes them where this stage is to be made.
  var alsoReads: [Self] { get }
  /// The stage's own values, without its inputs and its kind.
  ///
  /// What changes the product and is missing here makes two different stages one.
  var identity: any Encodable { get }
  /// Stages of one name and one key may be made together.
  var cohortKey: String { get }
}

extension Stage {
  public var alsoReads: [Self] { [] }
}
