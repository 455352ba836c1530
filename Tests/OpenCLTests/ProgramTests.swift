import Foundation
import OpenCL
import Testing

extension DeviceTests {
  @Suite struct ProgramTests {
    /// 1 + 2, by the `add` kernel.
    private func runAdd(_ context: Context, options: String = "") throws -> [Float] {
      let queue = try context.makeQueue()
      let add = try context.makeProgram(name: "add", source: addSource, options: options)
        .kernel(named: "add")
      let x = try context.makeBuffer(byteCount: 4)
      let y = try context.makeBuffer(byteCount: 4)
      try queue.write(x, [Float(1)])
      try queue.write(y, [Float(2)])
      try add.setArgument(0, x)
      try add.setArgument(1, y)
      try add.setArgument(2, x)
      try queue.enqueue(add, global: [1])
      return try queue.read(x)
    }

    @Test func sameSourceAndOptionsAreOneProgram() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let first = try context.makeProgram(name: "a", source: addSource, options: "-DN=1")
      let second = try context.makeProgram(name: "b", source: addSource, options: "-DN=1")
      let third = try context.makeProgram(name: "c", source: addSource, options: "-DN=2")
      #expect(first === second)
      #expect(first !== third)
      #expect(context.compilations == 2)
    }

    /// PoCL's compiler counts its warnings on standard error.
    @Test func warningsDoNotReachStandardError() throws {
      let device = try DeviceTests().device
      try withTemporaryFolder { folder in
        let file = folder.appending(path: "error").path()
        let source = "#warning in a program\n" + addSource
        let kept = dup(STDERR_FILENO)
        let target = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(kept >= 0 && target >= 0)
        dup2(target, STDERR_FILENO)
        let built = Result {
          try Context(device, programCache: nil).makeProgram(name: "warns", source: source)
        }
        dup2(kept, STDERR_FILENO)
        close(target)
        close(kept)
        _ = try built.get()
        let text = try String(contentsOfFile: file, encoding: .utf8)
        #expect(!text.contains("warning"), "\(text)")
        // What fails to build is told with its reason.
        let error = #expect(throws: OpenCLError.self) {
          try Context(device, programCache: nil)
            .makeProgram(name: "wrong", source: source + "int f() { return nowhere; }\n")
        }
        #expect(String(describing: error).contains("nowhere"))
      }
    }

    @Test func secondContextCompilesNothing() throws {
      let device = try DeviceTests().device
      try withTemporaryFolder { folder in
        let cache = ProgramCache(folder: folder.appending(path: "programs"))
        let first = try Context(device, programCache: cache)
        #expect(try runAdd(first) == [3])
        #expect(first.compilations == 1)
        let key = ProgramCache.key(source: addSource, options: "", device: device)
        #expect(FileManager.default.fileExists(atPath: cache.file(key).path()))

        let second = try Context(device, programCache: cache)
        #expect(try runAdd(second) == [3])
        #expect(second.compilations == 0)

        let other = try Context(device, programCache: cache)
        #expect(try runAdd(other, options: "-DN=1") == [3])
        #expect(other.compilations == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: cache.folder.path()).count == 2)
      }
    }

    @Test(arguments: ["empty", "cut short", "one bit", "noise", "sealed noise"])
    func damagedFileIsCompiledAnew(_ damage: String) throws {
      let device = try DeviceTests().device
      try withTemporaryFolder { folder in
        let cache = ProgramCache(folder: folder)
        #expect(try runAdd(Context(device, programCache: cache)) == [3])
        let file = cache.file(ProgramCache.key(source: addSource, options: "", device: device))
        let intact = try Data(contentsOf: file)
        var bytes = intact
        switch damage {
        case "empty": bytes = Data()
        case "cut short": bytes.removeLast(bytes.count / 2)
        case "one bit": bytes[bytes.count / 2] ^= 1
        case "noise": bytes = Data("not a program".utf8)
        default: bytes = sealedNoise
        }
        try bytes.write(to: file)
        let context = try Context(device, programCache: cache)
        #expect(try runAdd(context) == [3])
        #expect(context.compilations == 1)
        let again = try Context(device, programCache: cache)
        #expect(try runAdd(again) == [3])
        #expect(again.compilations == 0)
      }
    }

    /// The right checksum before what no driver takes for a program: `printf noise | sha256sum`.
    private var sealedNoise: Data {
      let checksum = "efe2a5c09e6d49d7eb735c9875f77404be5b887bb3f56378038968d4e3ff8198"
      return Data(
        stride(from: 0, to: 64, by: 2).compactMap { position in
          UInt8(checksum.dropFirst(position).prefix(2), radix: 16)
        }) + Data("noise".utf8)
    }

    @Test func unwritableCacheIsNoError() throws {
      let device = try DeviceTests().device
      let cache = ProgramCache(folder: URL(filePath: "/dev/null/programs"))
      let context = try Context(device, programCache: cache)
      #expect(try runAdd(context) == [3])
      #expect(context.compilations == 1)
    }

    @Test func keyDependsOnEveryPart() throws {
      let device = try DeviceTests().device
      let keys = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ("a", "b"), ("a", "bc")]
        .map { ProgramCache.key(source: $0, options: $1, device: device) }
      #expect(Set(keys).count == 5)
      #expect(keys.allSatisfy { $0.count == 64 && $0.allSatisfy(\.isHexDigit) })
    }
  }
}
