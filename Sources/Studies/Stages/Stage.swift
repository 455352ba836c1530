/// A step of a study as a value, which has everything that decides its product.
///
/// A stage contains its input stages by value. A study has one enum that conforms to this protocol,
/// with indirect cases for stages that contain stages. So the compiler lists all code to extend for
/// a new kind of stage. Device, threads and folders are circumstance: they are never part of a
/// stage.
public protocol Stage: Hashable, Sendable {
  /// The kind of the stage in kebab case, such as `train-base-model`: part of its product's path.
  var name: String { get }
  /// The revision of the kind. It is increased whenever the products of this kind change.
  var revision: Int { get }
  /// The stages from whose products this product is made. They are part of its fingerprint.
  var inputs: [Self] { get }
  /// Further stages whose products are read to make this product: inputs of its inputs. They are
  /// part of its fingerprint through the inputs. The plan makes them if this stage is to be made.
  var alsoReads: [Self] { get }
  /// The stage's own values, without its inputs and its kind.
  ///
  /// A setting that changes the product and is missing here gives two different stages the same
  /// fingerprint.
  var identity: any Encodable { get }
  /// Stages of one name and one key may be made together.
  var cohortKey: String { get }
}

extension Stage {
  public var alsoReads: [Self] { [] }
}
