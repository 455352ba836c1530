import Text
import Foundation
import TestSupport
import Testing
import Transformers

@Suite struct SafetensorsTests {
  private static let tensors = [
    NamedTensor(name: "a", shape: [2, 3], values: [-0.5, -0.25, 0, 0.25, 0.5, 0.75]),
    NamedTensor(name: "b.weight", shape: [3], values: [-0.0, .infinity, .leastNonzeroMagnitude]),
    NamedTensor(name: "empty", shape: [0, 4], values: []),
    NamedTensor(name: "scalar", shape: [], values: [3.5]),
  ]

  /// safetensors 0.8.0 of Python: `safetensors.numpy.save` of the tensors above with
  /// `metadata={"format": "pt"}`, SHA-256 64ecff15b9a95ea53ee39c670255c90d1b8010304da9ab9146caabe6f9539e9b.
  private static let golden = """
    10010000000000007b225f5f6d657461646174615f5f223a7b22666f726d6174223a227074227d2c2261223a7b226474
    797065223a22463332222c227368617065223a5b322c335d2c22646174615f6f666673657473223a5b302c32345d7d2c
    22622e776569676874223a7b226474797065223a22463332222c227368617065223a5b335d2c22646174615f6f666673
    657473223a5b32342c33365d7d2c22656d707479223a7b226474797065223a22463332222c227368617065223a5b302c
    345d2c22646174615f6f666673657473223a5b33362c33365d7d2c227363616c6172223a7b226474797065223a224633
    32222c227368617065223a5b5d2c22646174615f6f666673657473223a5b33362c34305d7d7d2020000000bf000080be
    000000000000803e0000003f0000403f000000800000807f0100000000006040
    """

  @Test func writesWhatTheReferenceWrites() {
    let data = Safetensors.encode(Self.tensors, metadata: ["format": "pt"])
    let hexadecimal = data.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(hexadecimal == Self.golden.replacing("\n", with: ""))
  }

  @Test func readsWhatItWrote() throws {
    let metadata = ["format": "pt", "run": "é\n\"", "": "\u{1}"]
    let data = Safetensors.encode(Self.tensors, metadata: metadata)
    #expect(data.count % 4 == 0)
    let file = try Safetensors.decode(data, file: "f")
    #expect(file.tensors == Self.tensors)
    #expect(file.tensors[1].values[0].sign == .minus)
    #expect(file.metadata == metadata)
    // A slice has another start index.
    let slice = (Data([1, 2, 3]) + data).dropFirst(3)
    #expect(try Safetensors.decode(slice, file: "f").tensors == Self.tensors)
  }

  @Test func everyBitPatternComesBack() throws {
    var generator = SplitMix64(state: 5)
    let values = (0..<4096).map { _ in
      Float(bitPattern: UInt32.random(in: 0 ... .max, using: &generator))
    }
    let data = Safetensors.encode([NamedTensor(name: "x", shape: [4096], values: values)])
    let file = try Safetensors.decode(data, file: "f")
    #expect(file.tensors[0].values.map(\.bitPattern) == values.map(\.bitPattern))
    #expect(file.metadata.isEmpty)
  }

  @Test func readsFromAFile() throws {
    let folder = try ScratchFolder()
    let url = folder.url.appending(path: "w.safetensors")
    try Safetensors.encode(Self.tensors).write(to: url)
    #expect(try Safetensors.read(url).tensors == Self.tensors)
    let error = #expect(throws: CheckpointError.self) {
      try Safetensors.read(folder.url.appending(path: "no.safetensors"), name: "no.safetensors")
    }
    #expect(error?.line == "no.safetensors: does not exist")
    #expect(error?.exitCode.rawValue == 66)
  }

  @Test func nothingIsAFileToo() throws {
    let data = Safetensors.encode([])
    #expect(data == Data([8, 0, 0, 0, 0, 0, 0, 0]) + Data("{}      ".utf8))
    #expect(try Safetensors.decode(data, file: "f").tensors.isEmpty)
  }

  // MARK: Other people's files

  private static func file(_ header: String, data: Int = 0) -> Data {
    Data(withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) })
      + Data(header.utf8) + Data(count: data)
  }

  private static func tensor(
    _ offsets: String, shape: String = "[2]", type: String = "F32"
  ) -> String { #"{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}"# }

  @Test(arguments: [
    (#"{"x":\#(tensor("[0,8]"))}"#, 8), (#"{"x":\#(tensor("[0,8]"))}    "#, 8),
    ("{ \"x\" :\n\(tensor(" [ 0 , 8 ] "))\t}", 8),
    (#"{"__metadata__":{},"x":\#(tensor("[0,8]"))}"#, 8),
    (#"{"__metadata__":null,"x":\#(tensor("[0,8]"))}"#, 8),
    // Order in the header is free; empty tensors may share an offset.
    (#"{"y":\#(tensor("[8,16]")),"x":\#(tensor("[0,8]"))}"#, 16),
    (#"{"x":\#(tensor("[0,0]", shape: "[0]")),"y":\#(tensor("[0,0]", shape: "[3,0]"))}"#, 0),
    (#"{"y":\#(tensor("[8,8]", shape: "[0]")),"x":\#(tensor("[0,8]"))}"#, 8),
    (#"{"":\#(tensor("[0,4]", shape: "[]"))}"#, 4),
    (#"{"x":\#(tensor("[0,4]", type: "BF16"))}"#, 4),
    // Two names to everybody but Swift's `==`.
    ("{\"\u{E9}\":\(tensor("[0,8]")),\"e\u{301}\":\(tensor("[8,16]"))}", 16),
  ])
  func accepts(_ header: String, _ data: Int) throws {
    #expect(throws: Never.self) {
      try Safetensors.decode(Self.file(header, data: data), file: "f")
    }
  }

  @Test(
    arguments: [
      // The frame.
      (Data(), "has 0 bytes, fewer than the 8 bytes of the header's length"),
      (Data(count: 7), "has 7 bytes, fewer than the 8 bytes of the header's length"),
      (Data(count: 8), "byte 9: the header is empty (is this a safetensors file?)"),
      (
        Data(repeating: 0xFF, count: 64),
        "byte 1: has a header of 18446744073709551615 bytes, and the format allows at most 100000000 "
          + "(is this a safetensors file?)"
      ),
      (
        Data([1, 0xE1, 0xF5, 5, 0, 0, 0, 0]) + Data(count: 64),
        "byte 1: has a header of 100000001 bytes, and the format allows at most 100000000 "
          + "(is this a safetensors file?)"
      ),
      (
        Data([0, 0xE1, 0xF5, 5, 0, 0, 0, 0]) + Data(count: 64),
        "byte 1: has a header of 100000000 bytes, but only 64 bytes follow (is this a safetensors file?)"
      ),
      (
        Data([3, 0, 0, 0, 0, 0, 0, 0]) + Data("{}".utf8),
        "byte 1: has a header of 3 bytes, but only 2 bytes follow (is this a safetensors file?)"
      ),
      (
        Data("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n".utf8),
        "is a Git LFS pointer in place of the file (fetch it with: git lfs pull)"
      ),
      // JSON.
      (
        file("[]"),
        "byte 9: the header begins with byte 91, not with '{' (is this a safetensors file?)"
      ),
      (
        file(" {}"),
        "byte 9: the header begins with byte 32, not with '{' (is this a safetensors file?)"
      ),
      (
        file("\u{FEFF}{}"),
        "byte 9: the header begins with byte 239, not with '{' (is this a safetensors file?)"
      ),
      (file("{"), "byte 10: expected a key in quotes, found the end"),
      (file("{}\n"), "byte 11: expected only spaces after the header's JSON, found byte 10"),
      (file("{} {}"), "byte 12: expected only spaces after the header's JSON, found byte 123"),
      (file("{}\0"), "byte 11: expected only spaces after the header's JSON, found byte 0"),
      (file(#"{"x":1}"#), "byte 14: expected an object, found \"1\""),
      (file(#"{"x":null}"#), "byte 14: expected an object, found \"n\""),
      (file(#"{"x":[]}"#), "byte 14: expected an object, found \"[\""),
      // Keys.
      (
        file(#"{"x":\#(tensor("[0,8]")),"x":\#(tensor("[0,8]"))}"#, data: 8),
        "tensor \"x\": appears twice"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]")),"\u0078":\#(tensor("[0,8]"))}"#, data: 8),
        "tensor \"x\": appears twice"
      ),
      (file(#"{"__metadata__":{},"__metadata__":{}}"#), "tensor \"__metadata__\": appears twice"),
      (
        file(#"{"x":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}"#, data: 4),
        "byte 29: the key \"dtype\" is written twice"
      ),
      (
        file(#"{"x":{"shape":[],"data_offsets":[0,4]}}"#, data: 4), "x.dtype: missing; add a string"
      ),
      (
        file(#"{"x":{"dtype":"F32","data_offsets":[0,4]}}"#, data: 4),
        "x.shape: missing; add an array"
      ),
      (
        file(#"{"x":{"dtype":"F32","shape":[]}}"#, data: 4), "x.data_offsets: missing; add an array"
      ),
      (
        file(#"{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4],"more":1}}"#, data: 4),
        "x.more: not a known key"
      ),
      // Metadata.
      (file(#"{"__metadata__":[]}"#), "byte 25: expected an object, found \"[\""),
      (file(#"{"__metadata__":"x"}"#), "byte 25: expected an object, found \"\"\""),
      (file(#"{"__metadata__":{"a":1}}"#), "byte 30: expected a string, found \"1\""),
      (file(#"{"__metadata__":{"a":null}}"#), "byte 30: expected a string, found \"n\""),
      (file(#"{"__metadata__":{"a":{"b":"c"}}}"#), "byte 30: expected a string, found \"{\""),
      (
        file(#"{"__metadata__":{"a":"b","a":"b"}}"#), "byte 34: the key \"a\" is written twice"
      ),
      // Types.
      (
        file(#"{"x":\#(tensor("[0,16]", type: "F64"))}"#, data: 16),
        "tensor \"x\": has the element type \"F64\" (F32, F16 and BF16 are supported)"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", type: "f32"))}"#, data: 8),
        "tensor \"x\": has the element type \"f32\" (F32, F16 and BF16 are supported)"
      ),
      (
        file(#"{"\u001b[31m":\#(tensor("[0,8]", type: "\\n\\u009b"))}"#, data: 8),
        "tensor \"\\x1b[31m\": has the element type \"\\n\\x9b\" (F32, F16 and BF16 are supported)"
      ),
      (file(#"{"x":{"dtype":5}}"#), "byte 23: expected a string, found \"5\""),
      // Shapes.
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "[2.0]"))}"#, data: 8),
        "byte 38: expected an integer, found a number"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "[2e0]"))}"#, data: 8),
        "byte 38: expected an integer, found a number"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "[-2]"))}"#, data: 8),
        "x.shape[0]: expected at least 0, found -2"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "[1,-2]"))}"#, data: 8),
        "x.shape[1]: expected at least 0, found -2"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "[9223372036854775808]"))}"#, data: 8),
        "byte 38: expected an integer, found a number"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "2"))}"#, data: 8),
        "byte 37: expected an array, found \"2\""
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "[[2]]"))}"#, data: 8),
        "byte 38: expected an integer, found \"[\""
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "[\"2\"]"))}"#, data: 8),
        "byte 38: expected an integer, found \"\"\""
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "[4294967296,4294967296]"))}"#, data: 8),
        "tensor \"x\": shape [4294967296, 4294967296] is too large"
      ),
      // Fits as a count, not as bytes.
      (
        file(#"{"x":\#(tensor("[0,0]", shape: "[4611686018427387904]"))}"#),
        "tensor \"x\": shape [4611686018427387904] is too large"
      ),
      (
        file(#"{"x":\#(tensor("[0,0]", shape: "[9223372036854775807,2,0]"))}"#),
        "tensor \"x\": shape [9223372036854775807, 2, 0] is too large"
      ),
      (
        file(#"{"x":\#(tensor("[0,4]", shape: "\([Int](repeating: 1, count: 33))"))}"#, data: 4),
        "x.shape: has more than 32 numbers"
      ),
      // Offsets.
      (
        file(#"{"x":\#(tensor("[]"))}"#, data: 8),
        "tensor \"x\": expected 2 numbers in data_offsets, found 0"
      ),
      (
        file(#"{"x":\#(tensor("[0]"))}"#, data: 8),
        "tensor \"x\": expected 2 numbers in data_offsets, found 1"
      ),
      (
        file(#"{"x":\#(tensor("[0,8,16]"))}"#, data: 8),
        "tensor \"x\": expected 2 numbers in data_offsets, found 3"
      ),
      (
        file(#"{"x":\#(tensor("[-8,0]"))}"#, data: 8),
        "x.data_offsets[0]: expected at least 0, found -8"
      ),
      (
        file(#"{"x":\#(tensor("[8,0]"))}"#, data: 8),
        "tensor \"x\": data_offsets ends at 0, before its start 8"
      ),
      (
        file(#"{"x":\#(tensor("[0,7]"))}"#, data: 8),
        "tensor \"x\": shape [2] of F32 needs 8 bytes, data_offsets gives 7"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", shape: "[3]"))}"#, data: 8),
        "tensor \"x\": shape [3] of F32 needs 12 bytes, data_offsets gives 8"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]", type: "F16"))}"#, data: 8),
        "tensor \"x\": shape [2] of F16 needs 4 bytes, data_offsets gives 8"
      ),
      (
        file(#"{"x":\#(tensor("[0,9223372036854775807]"))}"#, data: 8),
        "tensor \"x\": shape [2] of F32 needs 8 bytes, data_offsets gives 9223372036854775807"
      ),
      // Tiling.
      (
        file(#"{"x":\#(tensor("[8,16]"))}"#, data: 16),
        "tensor \"x\": begins at byte 8, and no tensor has the bytes 0..<8 before it"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]")),"y":\#(tensor("[12,20]"))}"#, data: 20),
        "tensor \"y\": begins at byte 12, and no tensor has the bytes 8..<12 before it"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]")),"y":\#(tensor("[4,12]"))}"#, data: 12),
        "tensor \"y\": begins at byte 4, before the end of the tensor before it at 8"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]")),"y":\#(tensor("[0,8]"))}"#, data: 8),
        "tensor \"y\": begins at byte 0, before the end of the tensor before it at 8"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]")),"y":\#(tensor("[4,4]", shape: "[0]"))}"#, data: 8),
        "tensor \"y\": begins at byte 4, before the end of the tensor before it at 8"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]"))}"#, data: 7),
        "the tensors end at byte 8, the data at byte 7 (the file is incomplete; copy it again)"
      ),
      (
        file(#"{"x":\#(tensor("[0,8]"))}"#, data: 9),
        "the tensors end at byte 8, the data at byte 9"
      ),
      (file("{}", data: 1), "the tensors end at byte 0, the data at byte 1"),
    ] as [(Data, String)])
  func refuses(_ data: Data, _ message: String) {
    let error = #expect(throws: CheckpointError.self) {
      try Safetensors.decode(data, file: "f")
    }
    #expect(error?.line == "f: " + message)
    #expect(error?.exitCode.rawValue == 65)
  }

  /// Half precision by numpy 2.4: `numpy.frombuffer(bytes, "<f2")`; BF16 is the upper half of F32.
  @Test func readsHalfPrecision() throws {
    let halves =
      Self.file(#"{"x":\#(Self.tensor("[0,14]", shape: "[7]", type: "F16"))}"#)
      + Data([0, 0x3C, 0, 0xC0, 0xFF, 0x7B, 1, 0, 0, 0x7C, 0, 0x80, 0x55, 0x35])
    let half = try Safetensors.decode(halves, file: "f").tensors[0].values
    #expect(half == [1, -2, 65504, 5.9604645e-08, .infinity, 0, 0.33325195])
    #expect(half[5].sign == .minus)
    let brains =
      Self.file(#"{"x":\#(Self.tensor("[0,8]", shape: "[4]", type: "BF16"))}"#)
      + Data([0x80, 0x3F, 0x49, 0xC0, 0x7F, 0x7F, 1, 0])
    #expect(
      try Safetensors.decode(brains, file: "f").tensors[0].values
        == [1, -3.140625, 3.3895314e38, Float(bitPattern: 0x1_0000)])
  }

  @Test func survivesBitFlipsAndCuts() {
    let whole = Safetensors.encode(Self.tensors, metadata: ["format": "pt"])
    var generator = SplitMix64(state: 6)
    var accepted = 0
    for round in 0..<2000 {
      var data = whole
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        data[Int.random(in: 0..<data.count, using: &generator)] ^=
          1 << UInt8.random(in: 0..<8, using: &generator)
      }
      if round.isMultiple(of: 4) {
        data = data.prefix(Int.random(in: 0..<data.count, using: &generator))
      }
      guard let file = try? Safetensors.decode(data, file: "f") else { continue }
      accepted += 1
      #expect(file.tensors.allSatisfy { $0.values.count == $0.shape.reduce(1, *) })
    }
    #expect((50..<1000).contains(accepted))
  }

  /// Ten megabytes of a string that is never closed.
  @Test func endsOnALongHeader() {
    let data = Self.file(#"{"__metadata__":{"a":""# + String(repeating: "x", count: 10_000_000))
    let error = #expect(throws: CheckpointError.self) {
      try Safetensors.decode(data, file: "f")
    }
    #expect(error?.line == "f: byte \(data.count + 1): expected the closing quote, found the end")
  }

  // MARK: The reference

  @Test(.comparesWith("safetensors", "numpy"))
  func theReferenceAgrees() throws {
    let folder = try ScratchFolder()
    var generator = SplitMix64(state: 7)
    let tensors = (0..<40).map { index in
      let shape = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
        Int.random(in: 0...5, using: &generator)
      }
      return NamedTensor(
        name: "layer.\(index + 10).é", shape: shape,
        values: (0..<shape.reduce(1, *)).map { _ in Float.random(in: -1...1, using: &generator) })
    }
    let ours = Safetensors.encode(tensors, metadata: ["format": "pt"])
    let url = folder.url.appending(path: "ours.safetensors")
    try ours.write(to: url)
    try PythonInterpreter.run(
      """
      import sys, safetensors.numpy
      with safetensors.safe_open(sys.argv[1], "numpy") as file:
          metadata = file.metadata()
          tensors = {name: file.get_tensor(name) for name in file.keys()}
      safetensors.numpy.save_file(tensors, sys.argv[2], metadata=metadata)
      """, url.path, folder.url.appending(path: "theirs.safetensors").path)
    #expect(try Data(contentsOf: folder.url.appending(path: "theirs.safetensors")) == ours)
  }
}
