public import JSON
public import Text

/// The reason why a model folder, or a file of it, cannot be used.
public struct CheckpointError: DescribedError, Equatable {
  /// The position of a problem in a file.
  public enum Place: Equatable, Sendable {
    /// The number of bytes before the problem. Messages print the byte's number, from 1.
    case byte(Int)
    /// A key of a JSON file, with dots between the levels.
    case field(String)
    /// A tensor, by its name in the file.
    case tensor(String)
  }

  /// The problem.
  public enum Problem: Equatable, Sendable {
    // MARK: Files
    case missing
    case missingFiles([String])
    /// A failure of the operating system, with its message.
    case unreadable(reason: String)
    case notRegular(kind: String)
    case isFile
    case pointer
    case tooLarge(bytes: Int, limit: Int)
    case changedWhileRead
    case sharded

    // MARK: JSON
    /// A fault of JSON, with its own position.
    case json(JSONFault)

    // MARK: Safetensors
    case tooShort(bytes: Int)
    case headerTooLong(UInt64, limit: Int)
    case headerPastEnd(UInt64, available: Int)
    case headerStart(UInt8?)
    case headerPadding(UInt8)
    case duplicateTensor
    case tooMany(String, limit: Int)
    case negative(Int)
    case unknownElementType(String)
    case offsetCount(Int)
    case offsetsReversed(Int, Int)
    case sizeOverflow([Int])
    case sizeMismatch(shape: [Int], elementType: String, needed: Int, held: Int)
    case hole(from: Int, to: Int)
    case overlap(begins: Int, previousEnd: Int)
    case bodySize(tensors: Int, file: Int)

    // MARK: Models
    case missingTensors([String])
    case unknownTensors([String])
    case wrongShape(found: [Int], expected: [Int])
    case notFinite(index: Int)
  }

  /// The file's path as the caller gave it, or its name inside a folder.
  public var file: String
  public var place: Place?
  public var problem: Problem

  public init(file: String, place: Place? = nil, _ problem: Problem) {
    self.file = file
    self.place = place
    self.problem = problem
  }

  /// 66 (`EX_NOINPUT`) if a file is missing, is not a regular file or cannot be read, otherwise 65
  /// (`EX_DATAERR`).
  public var exitCode: SystemExit {
    switch problem {
    case .missing, .missingFiles, .unreadable, .notRegular, .isFile: .noInput
    default: .badInput
    }
  }
}
