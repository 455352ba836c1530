import JSON
import Text

extension CheckpointError {
  /// One line of text: the file, the position in it, the problem, and the remedy if there is one.
  public var line: String {
    var text = file.printable(limit: 400)
    switch place {
    case .byte(let offset): text += ": byte \(offset + 1)"
    case .field(let key): text += ": \(key.printable(limit: 80))"
    case .tensor(let name): text += ": tensor \(name.quoted)"
    case nil: break
    }
    text += ": \(problem.text)"
    if let remedy = problem.remedy { text += " (\(remedy))" }
    return text
  }
}

extension CheckpointError.Problem {
  fileprivate var text: String {
    switch self {
    case .missing: "does not exist"
    case .missingFiles(let names): "the model folder has no \(Self.list(names))"
    case .unreadable(let reason): "cannot be read: \(reason)"
    case .notRegular(let kind): "is \(kind), not a file"
    case .isFile: "is a file, not a folder"
    case .pointer: "is a Git LFS pointer in place of the file"
    case .tooLarge(let bytes, let limit): "has \(bytes) bytes, and at most \(limit) are supported"
    case .changedWhileRead: "became shorter while it was read"
    case .sharded: "the weights are split into several files"

    case .json(let fault): fault.line

    case .tooShort(let bytes): "has \(bytes) bytes, fewer than the 8 bytes of the header's length"
    case .headerTooLong(let length, let limit):
      "has a header of \(length) bytes, and the format allows at most \(limit)"
    case .headerPastEnd(let length, let available):
      "has a header of \(length) bytes, but only \(available) bytes follow"
    case .headerStart(let byte?): "the header begins with byte \(byte), not with '{'"
    case .headerStart(nil): "the header is empty"
    case .headerPadding(let byte):
      "expected only spaces after the header's JSON, found byte \(byte)"
    case .duplicateTensor: "appears twice"
    case .tooMany(let things, let limit): "has more than \(limit) \(things)"
    case .negative(let number): "expected at least 0, found \(number)"
    case .unknownElementType(let name): "has the element type \(name.quoted)"
    case .offsetCount(let count): "expected 2 numbers in data_offsets, found \(count)"
    case .offsetsReversed(let begin, let end):
      "data_offsets ends at \(end), before its start \(begin)"
    case .sizeOverflow(let shape): "shape \(Self.list(shape)) is too large"
    case .sizeMismatch(let shape, let elementType, let needed, let held):
      "shape \(Self.list(shape)) of \(elementType) needs \(needed) bytes, data_offsets gives \(held)"
    case .hole(let from, let to):
      "begins at byte \(to), and no tensor has the bytes \(from)..<\(to) before it"
    case .overlap(let begins, let previousEnd):
      "begins at byte \(begins), before the end of the tensor before it at \(previousEnd)"
    case .bodySize(let tensors, let file):
      "the tensors end at byte \(tensors), the data at byte \(file)"

    case .missingTensors(let names):
      "config.json needs \(Self.tensors(names)), which the file does not have"
    case .unknownTensors(let names):
      "the file has \(Self.tensors(names)), which config.json does not need"
    case .wrongShape(let found, let expected):
      "expected shape \(Self.list(expected)), found \(Self.list(found))"
    case .notFinite(let index): "element \(index) is not a finite number"
    }
  }

  fileprivate var remedy: String? {
    switch self {
    case .pointer: "fetch it with: git lfs pull"
    case .missingFiles(let names) where names.count == 3: "name the folder of a model"
    case .missingFiles: "a model folder has config.json, model.safetensors and tokenizer.json"
    case .sharded: "save the model again as one model.safetensors"
    case .unknownElementType: "F32, F16 and BF16 are supported"
    case .headerTooLong, .headerPastEnd, .headerStart: "is this a safetensors file?"
    case .bodySize(let tensors, let file) where file < tensors:
      "the file is incomplete; copy it again"
    default: nil
    }
  }

  private static func tensors(_ names: [String]) -> String {
    "\(names.count == 1 ? "the tensor" : "\(names.count) tensors"):".dropLast(
      names.count == 1 ? 1 : 0) + " " + names.prefix(3).map(\.quoted).joined(separator: ", ")
      + (names.count > 3 ? " and others" : "")
  }

  private static func list(_ names: [String]) -> String {
    guard let last = names.last, names.count > 2 else { return names.joined(separator: " and ") }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }

  /// A shape as `[2, 3]`. A file may have any number of dimensions, so a long shape is cut.
  private static func list(_ shape: [Int]) -> String {
    "[" + shape.prefix(8).map(String.init).joined(separator: ", ")
      + (shape.count > 8 ? ", …]" : "]")
  }
}
