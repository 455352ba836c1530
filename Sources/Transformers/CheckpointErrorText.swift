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
    case .missingFiles(let names): "the model folder lacks \(Self.list(names))"
    case .unreadable(let reason): "cannot be read: \(reason)"
    case .notRegular(let kind): "is \(kind), not a file"
    case .isFile: "is a file, not a folder"
    case .pointer: "is a Git LFS pointer and not the file itself"
    case .tooLarge(let bytes, let limit): "has \(bytes) bytes, more than the \(limit) that are read"
    case .changedWhileRead: "became shorter while it was read"
    case .sharded: "the weights are split into several files"

    case .json(let fault): fault.line

    case .tooShort(let bytes): "has \(bytes) bytes, too few for the 8 that give the header's length"
    case .headerTooLong(let length, let limit):
      "gives a header of \(length) bytes, more than the format's \(limit)"
    case .headerPastEnd(let length, let available):
      "gives a header of \(length) bytes with \(available) bytes left"
    case .headerStart(let byte?): "the header begins with byte \(byte), not with '{'"
    case .headerStart(nil): "the header is empty"
    case .headerPadding(let byte):
      "byte \(byte) after the header's end, where only spaces are allowed"
    case .duplicateTensor: "appears twice"
    case .tooMany(let things, let limit): "holds more than \(limit) \(things)"
    case .negative(let number): "is \(number), less than 0"
    case .unknownElementType(let name): "has the element type \(name.quoted)"
    case .offsetCount(let count): "data_offsets holds \(count) numbers, not 2"
    case .offsetsReversed(let begin, let end):
      "data_offsets ends at \(end), before its begin \(begin)"
    case .sizeOverflow(let shape): "shape \(Self.list(shape)) has more bytes than can be counted"
    case .sizeMismatch(let shape, let elementType, let needed, let held):
      "shape \(Self.list(shape)) of \(elementType) needs \(needed) bytes, data_offsets holds \(held)"
    case .hole(let from, let to):
      "begins at \(to), so that bytes \(from)..<\(to) belong to no tensor"
    case .overlap(let begins, let previousEnd):
      "begins at \(begins), inside the tensor before it, which ends at \(previousEnd)"
    case .bodySize(let tensors, let file): "the tensors end at \(tensors), the data at \(file)"

    case .missingTensors(let names): "lacks \(Self.tensors(names)) that config.json calls for"
    case .unknownTensors(let names):
      "holds \(Self.tensors(names)) that config.json does not call for"
    case .wrongShape(let found, let expected):
      "has shape \(Self.list(found)), not \(Self.list(expected))"
    case .notFinite(let index): "element \(index) is not a finite number"
    }
  }

  fileprivate var remedy: String? {
    switch self {
    case .pointer: "fetch it with: git lfs pull"
    case .missingFiles: "a folder holds config.json, model.safetensors and tokenizer.json"
    case .sharded: "save the model again as one model.safetensors"
    case .unknownElementType: "F32, F16 and BF16 are read"
    case .headerTooLong, .headerPastEnd, .headerStart: "is this a safetensors file?"
    case .bodySize(let tensors, let file) where file < tensors:
      "the file is cut short; copy it again"
    default: nil
    }
  }

  private static func tensors(_ names: [String]) -> String {
    "\(names.count == 1 ? "the tensor" : "\(names.count) tensors"):".dropLast(
      names.count == 1 ? 1 : 0) + " " + names.prefix(3).map(\.quoted).joined(separator: ", ")
      + (names.count > 3 ? " and others" : "")
  }

  private static func list(_ names: [String]) -> String { names.joined(separator: " and ") }

  /// A shape as `[2, 3]`. A file may have any number of dimensions, so a long shape is cut.
  private static func list(_ shape: [Int]) -> String {
    "[" + shape.prefix(8).map(String.init).joined(separator: ", ")
      + (shape.count > 8 ? ", …]" : "]")
  }
}
