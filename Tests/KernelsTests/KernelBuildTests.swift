import Kernels
import OpenCL
import TestSupport
import Testing

/// Every program on every OpenCL device of this machine, with every set of options that the OpenCL
/// backend builds it with: one lane where work-items are many, 8 or 16 where they are wide.
@Suite(.serialized)
struct KernelBuildTests {
  struct Options: CustomTestStringConvertible, Sendable {
    let lanes: Int
    let headWidth: Int?
    var tile: Int?
    /// Without optimization no function is inlined, unless its text demands it.
    var isOptimized = true

    var text: String {
      "-cl-std=CL1.2 -DLANES=\(lanes)" + (headWidth.map { " -DD=\($0)" } ?? "")
        + (tile.map { " -DTILE=\($0)" } ?? "") + (isOptimized ? "" : " -cl-opt-disable")
    }
    var testDescription: String { text }

    /// Width 1, odd, above a vector, and the largest.
    static let headWidths = [1, 4, 16, 33, 64, 128]
    static let all: [Options] = plain + tiled + unoptimized

    private static let plain: [Options] = [1, 8, 16].flatMap { lanes in
      ([nil] + headWidths.map { $0 }).map { Options(lanes: lanes, headWidth: $0) }
    }
    private static let tiled: [Options] = headWidths.flatMap { width in
      [16, 32, 64].map { Options(lanes: 1, headWidth: width, tile: $0) }
    }
    private static let unoptimized: [Options] = [
      Options(lanes: 1, headWidth: nil, isOptimized: false),
      Options(lanes: 8, headWidth: nil, isOptimized: false),
      Options(lanes: 1, headWidth: 16, isOptimized: false),
      Options(lanes: 8, headWidth: 16, isOptimized: false),
      Options(lanes: 1, headWidth: 16, tile: 16, isOptimized: false),
    ]
  }

  /// The programs that are compiled for one head width.
  static let perHeadWidth: Set<KernelProgram> = [
    .attentionDecode, .attentionDecodeLocal, .attentionForward, .attentionGradientKey,
    .attentionGradientQuery,
  ]

  /// The programs that are never compiled for one lane.
  static let ofWideItems: Set<KernelProgram> = [
    .attentionDecode, .attentionForward, .attentionGradientKey, .attentionGradientQuery,
    .matmulTile,
  ]

  /// The programs that are compiled for one head width and one tile.
  static let perTile: Set<KernelProgram> = [
    .attentionForwardLocal, .attentionGradientKeyLocal, .attentionGradientQueryLocal,
  ]

  @Test(.enabled(if: !openCLDevices.isEmpty), arguments: Options.all)
  func everyProgramBuilds(_ options: Options) throws {
    for device in openCLDevices {
      // No cache of programs: what is tested is the compiler's answer to these very sources.
      let context = try Context(device, programCache: nil)
      for program in KernelProgram.allCases
      where Self.perHeadWidth.contains(program) == (options.headWidth != nil && options.tile == nil)
        && Self.perTile.contains(program) == (options.tile != nil)
        && (options.lanes == 1 || program != .attentionDecodeLocal)
        && (options.lanes > 1 || !Self.ofWideItems.contains(program))
      {
        do {
          let built = try context.makeProgram(
            name: program.rawValue, source: program.source, options: options.text)
          _ = try built.kernel(named: program.kernelName)
        } catch {
          Issue.record("\(device.selector) \(program.rawValue) \(options.text): \(error)")
        }
      }
    }
  }

  /// The lists above are the sets of programs whose text says that it needs the constants.
  @Test func constantsAreWhereTheFileSaysSo() {
    func saying(_ option: String) -> Set<KernelProgram> {
      Set(KernelProgram.allCases.filter { $0.source.contains(option) })
    }
    #expect(saying("-DD=") == Self.perHeadWidth.union(Self.perTile))
    #expect(saying("-DTILE=") == Self.perTile)
  }

  /// A source that does not compile is reported with the compiler's words, so a failure above says why.
  @Test(.enabled(if: !openCLDevices.isEmpty))
  func buildLogIsInTheError() throws {
    for device in openCLDevices {
      let context = try Context(device, programCache: nil)
      let error = #expect(throws: OpenCLError.self) {
        try context.makeProgram(
          name: "wrong", source: KernelProgram.add.source + "int f() { return nowhere; }\n")
      }
      #expect(String(describing: error).contains("nowhere"), "\(device.selector)")
    }
  }
}
