public import Text

/// The damage of a product's folder.
public struct ProductDamage: DescribedError, Hashable {
  /// The kind of the damage.
  public enum Problem: Hashable, Sendable {
    /// The folder does not exist, and it is needed to make another product.
    case absent
    case recordMissing
    case record(RecordFault)
    /// The record is that of another stage or checkpoint.
    case otherStage
    case missing(file: String)
    case wrongSize(file: String, expected: Int, found: Int)
    case changed(file: String)
    /// The folder has a file that the record does not name.
    case unknown(file: String)
    /// The product never had the requested file.
    case noSuchFile(String)
  }

  /// The path of the product's folder.
  public var folder: String
  public var problem: Problem

  public init(folder: String, problem: Problem) {
    self.folder = folder
    self.problem = problem
  }

  public var line: String {
    let folder = folder.printable(limit: 400)
    func file(_ name: String) -> String { folder + "/" + name.printable(limit: 200) }
    return switch problem {
    case .absent: "\(folder): missing, and another product needs it"
    case .recordMissing: "\(file(Record.fileName)): missing, so the product is incomplete"
    case .record(let fault): "\(file(Record.fileName)): \(fault.what)"
    case .otherStage: "\(file(Record.fileName)): this record belongs to another product"
    case .missing(let name): "\(file(name)): missing"
    case .wrongSize(let name, let expected, let found):
      "\(file(name)): expected \(expected) bytes by the record, found \(found)"
    case .changed(let name): "\(file(name)): the content differs from the SHA-256 in the record"
    case .unknown(let name): "\(file(name)): the record does not name this file"
    case .noSuchFile(let name): "\(file(name)): the product has no such file"
    }
  }

  public var exitCode: SystemExit {
    if case .noSuchFile = problem { .internalFault } else { .badInput }
  }
}

/// The reason why a commit is refused.
public enum CommitFault: DescribedError, Hashable {
  /// The product contains an entry that is neither file nor folder.
  case notAFile(String)
  /// The product contains a file with the record's name.
  case reservedName(String)
  /// The stage's name is not in kebab case, so it cannot be the name of a folder.
  case badName(String)
  /// The product already exists, and the new product has other bytes.
  case differs(folder: String, file: String)

  public var line: String {
    switch self {
    case .notAFile(let path):
      "\(path.printable(limit: 400)): neither a file nor a folder; a product has only files and folders"
    case .reservedName(let path):
      "\(path.printable(limit: 400)): only the store writes a file of this name; give it another name"
    case .badName(let name):
      "the stage name \"\(name.printable())\" is not in kebab case (a-z, 0-9 and single hyphens)"
    case .differs(let folder, let file):
      "\(folder.printable(limit: 400)): made again, and \(file.printable()) has other bytes; "
        + "the device gives different bytes for equal work, or the program has a fault"
    }
  }

  public var exitCode: SystemExit { .internalFault }
}
