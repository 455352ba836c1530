extension Collection<UInt8> {
  /// The number of bytes before the first byte that is not valid UTF-8; nil if all bytes are valid.
  public var firstInvalidUTF8: Int? {
    var parser = UTF8.ForwardParser()
    var offset = 0
    var iterator = makeIterator()
    while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded): offset += encoded.count
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }
}

/// A string whose `==` compares UTF-8 bytes.
///
/// `==` of `String` is also true for canonically equivalent texts ("à" as one or as two code
/// points). In other programs these are different keys.
public struct UTF8Key: Hashable, Sendable {
  public let string: String

  public init(_ string: String) { self.string = string }

  public static func == (left: Self, right: Self) -> Bool {
    left.string.utf8.elementsEqual(right.string.utf8)
  }

  public func hash(into hasher: inout Hasher) {
    var string = string
    string.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
