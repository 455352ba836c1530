import Files
import Foundation
import TestSupport
import Testing
import Text

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct InputFileTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  private func path(_ name: String) -> String { folder.url.appending(path: name).path }

  /// The error of reading a path, with the folder as `F`.
  private func error(_ name: String) -> String {
    described { _ = try SystemFiles().read(path(name), limit: 100) }
      .replacing(folder.url.path, with: "F")
  }

  private func read(_ file: InputFile, at offset: Int, count: Int) throws -> [UInt8] {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    try file.read(at: offset, into: buffer)
    return Array(buffer)
  }

  @Test func whatIsNoFileIsNamed() throws {
    #expect(mkfifo(path("pipe"), 0o600) == 0)
    #expect(symlink("loop", path("loop")) == 0)
    #expect(symlink("pipe", path("link")) == 0)
    try FileManager.default.createDirectory(
      atPath: path("folder"), withIntermediateDirectories: true)
    try Data("x".utf8).write(to: URL(filePath: path("file")))
    #expect(error("pipe") == "F/pipe: is a named pipe, not a file [66]")
    #expect(error("link") == "F/link: is a named pipe, not a file [66]")
    #expect(error("folder") == "F/folder: is a folder, not a file [66]")
    #expect(
      error("loop")
        == "F/loop: cannot open: Too many levels of symbolic links (ELOOP); the link leads to "
        + "itself [66]")
    #expect(
      error("none")
        == "F/none: cannot open: No such file or directory (ENOENT); check the path [66]")
    #expect(
      error("file/x") == "F/file/x: cannot open: Not a directory (ENOTDIR); check the path [66]")
    #expect(
      error(String(repeating: "x", count: 300)).hasSuffix("File name too long (ENAMETOOLONG) [66]"))
    #expect(
      described { _ = try SystemFiles().digest("/dev/zero") }
        == "/dev/zero: is a device, not a file [66]")
  }

  @Test func aSocketIsNamed() throws {
    // The path of a socket is short.
    let path = "/tmp/s-\(UUID().uuidString.prefix(8))"
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer {
      close(descriptor)
      unlink(path)
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let isBound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    #expect(isBound)
    #expect(
      described { _ = try SystemFiles().read(path, limit: 1) }
        == "\(path): is a socket, not a file [66]")
  }

  @Test func readsByPositionAndInPieces() throws {
    let bytes = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    try Data(bytes).write(to: URL(filePath: path("file")))
    let file = try InputFile(path("file"))
    #expect(file.byteCount == bytes.count)
    #expect(try read(file, at: 299_000, count: 1000) == Array(bytes[299_000..<300_000]))
    var read: [UInt8] = []
    try file.readPieces { read.append(contentsOf: $0) }
    #expect(read == bytes)
    #expect(try Array(SystemFiles().read(path("file"), limit: 600_000)) == bytes)
    #expect(
      described { _ = try SystemFiles().read(path("file"), limit: 599_999) }
        == "\(path("file")): cannot read: File too large (EFBIG) [74]")
  }

  @Test func aFileThatBecameShorterIsToldApart() throws {
    try Data(count: 10).write(to: URL(filePath: path("file")))
    let file = try InputFile(path("file"))
    #expect(truncate(path("file"), 5) == 0)
    let message = described { _ = try read(file, at: 0, count: 10) }
    #expect(
      message.replacing(folder.url.path, with: "F")
        == "F/file: cannot read: it became shorter while it was read (ENODATA); run again once it "
        + "is complete [74]")
  }
}
