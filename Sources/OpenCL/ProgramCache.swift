import Text
public import Foundation

/// Compiled programs on disk, one file each.
///
/// A file is the SHA-256 of the binary and then the binary. A truncated or altered file is not
/// given to the driver, which may crash on it. Failures of reading and writing are ignored, because
/// the source can always be compiled.
public struct ProgramCache: Sendable {
  public let folder: URL

  public init(folder: URL) {
    self.folder = folder
  }

  /// The cache in the cache folder of this process.
  public static var standard: ProgramCache {
    ProgramCache(
      folder: CacheFolder.current.appending(path: "programs", directoryHint: .isDirectory))
  }

  /// The name of the program from a source and options on a device with its present driver.
  public static func key(source: String, options: String, device: Device) -> String {
    var hash = SHA256()
    for part in [
      source, options, device.name, device.driverVersion, device.platformVersion,
    ] {
      // The length distinguishes the parts: ("a", "bc") is not ("ab", "c").
      withUnsafeBytes(of: UInt64(part.utf8.count).littleEndian) { hash.update(bytes: $0) }
      hash.update(data: Data(part.utf8))
    }
    return hash.finalize().hexadecimal
  }

  /// The file of the program of a key.
  public func file(_ key: String) -> URL {
    folder.appending(path: "\(key).bin", directoryHint: .notDirectory)
  }

  /// Whether there is a file of a key, intact or not.
  func has(_ key: String) -> Bool {
    access(file(key).path(percentEncoded: false), R_OK) == 0
  }

  /// The binary of a key, if there is an intact one.
  func load(_ key: String) -> Data? {
    guard let bytes = try? Data(contentsOf: file(key)) else { return nil }
    let binary = bytes.dropFirst(SHA256.byteCount)
    guard !binary.isEmpty, SHA256.hash(data: binary).elementsEqual(bytes.prefix(SHA256.byteCount))
    else { return nil }
    return binary
  }

  /// Keeps a binary.
  func store(_ binary: Data, _ key: String) {
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let bytes = Data(SHA256.hash(data: binary)) + binary
    // Atomic: written under a temporary name and then renamed, so another process reads the whole
    // file or none.
    try? bytes.write(to: file(key), options: .atomic)
  }
}
