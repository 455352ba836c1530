import Conformance
import Foundation
import OpenCL
import Tensors
import TensorsOpenCL
import TestSupport
import Testing

extension BackendTests {
  /// The tiles of attention with `manyItems`, which decide the last bits of its results.
  @Suite struct AttentionTuningTests {
    private static func withFolder(_ body: (URL) throws -> Void) throws {
      let folder = FileManager.default.temporaryDirectory
        .appending(path: "dormouse-\(UInt64.random(in: .min ... .max))")
      defer { try? FileManager.default.removeItem(at: folder) }
      try body(folder)
    }

    private static func tiles(_ backend: OpenCLBackend, positions: Int) -> [Int] {
      AttentionKernel.allCases.map {
        backend.attentionTile($0, headWidth: 16, positions: positions)
      }
    }

    /// A tuning is kept and read by the next backend. A tile that it changes is used, and is named by the
    /// implementation, so that a run in a folder of another tile is refused.
    @Test(arguments: openCLDevices)
    func aChangedTileIsNamed(_ device: Device) throws {
      try Self.withFolder { folder in
        func backend() throws -> OpenCLBackend {
          try OpenCLBackend(
            device: device, style: .manyItems, fillsWithNaN: true, tuningFolder: folder)
        }
        let untuned = try backend()
        #expect(Self.tiles(untuned, positions: 100) == [64, 64, 64])
        let sizes = AttentionSizes(replicas: 1, batch: 1, positions: 70, heads: 1, headWidth: 16)
        let tuner = AttentionTuner(untuned, folder: folder)
        let entries = try tuner.tune(sizes, rounds: 1, secondsPerRound: 0)
        #expect(entries.map(\.kernel) == AttentionKernel.allCases)
        #expect(entries.allSatisfy { $0.outcomes.map(\.tile) == [64, 32, 16] && $0.guess == 64 })
        #expect(tuner.record.name.hasPrefix("tuning "))
        let file = try #require(
          try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .first)
        let text = try String(contentsOf: file, encoding: .utf8)
        func tuned(_ tile: Int) throws -> OpenCLBackend {
          try text.replacing(/"chosen" : [0-9]+/, with: "\"chosen\" : \(tile)")
            .write(to: file, atomically: true, encoding: .utf8)
          return try backend()
        }
        let plain = untuned.device.implementation
        for tile in [64, 48] {
          let other = try tuned(tile)
          #expect(other.device.implementation == plain)
          #expect(Self.tiles(other, positions: 100) == [64, 64, 64])
        }
        let changed = try tuned(32)
        #expect(
          changed.device.implementation == plain
            + ", attention in tiles of 32 (D 16)")
        #expect(Self.tiles(changed, positions: 100) == [32, 32, 32])
        #expect(Self.tiles(changed, positions: 10) == [16, 16, 16])
        #expect(changed.attentionTile(.forward, headWidth: 64, positions: 100) == 64)
        // Processors have no tiles.
        let wide = try OpenCLBackend(device: device, style: .wideItems, tuningFolder: folder)
        #expect(!wide.device.implementation.contains("attention"))
        #expect(try AttentionTuner(wide, folder: folder).tune(sizes).isEmpty)
        try Self.check(changed, untuned)
      }
    }

    /// Results in another tile are right. Those of the forward pass are not the same, and those of the
    /// gradients are.
    private static func check(_ changed: OpenCLBackend, _ untuned: OpenCLBackend) throws {
      let calls = OperationDescription.all.filter {
        ["attention", "attentionGradient"].contains($0.name)
      }.flatMap { $0.cases(.device, seed: 2500) }.filter { $0.sizes.hasSuffix("T 65, H 2, D 16") }
      #expect(calls.map(\.operation) == ["attention", "attentionGradient"])
      for call in calls {
        let outcome = try call.run(on: changed)
        #expect(outcome.violations == [])
        #expect(call.deviation(of: outcome, from: call.expected()).note == nil, "\(call)")
        let isSame = try call.run(on: untuned).written == outcome.written
        #expect(isSame == (call.operation == "attentionGradient"), "\(call)")
      }
      let gradients = OperationDescription.all.filter { $0.name == "attentionGradient" }
        .flatMap { $0.cases(.every, seed: 2600) }.filter { $0.sizes.contains("D 16") }
      #expect(gradients.count > 4)
      for call in gradients {
        let isSame = try call.run(on: untuned).written == call.run(on: changed).written
        #expect(isSame, "\(call)")
      }
    }
  }
}
