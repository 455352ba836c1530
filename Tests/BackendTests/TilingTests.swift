import Conformance
import Foundation
import OpenCL
import TensorsOpenCL
import TestSupport
import Tensors
import Testing

extension BackendTests {
  /// How products are cut for a device: a matter of time alone.
  @Suite struct TilingTests {
    /// Every OpenCL device in every way of cutting work, as a backend that has read no tuning.
    static let choices = BackendChoice.openCL + BackendChoice.matrixUnits

    private static func backend(_ choice: BackendChoice) throws -> OpenCLBackend {
      try #require(try choice.makeBackend() as? OpenCLBackend)
    }

    /// Every tiling makes the same bytes: of every transposition, of sizes about the tiles', of ragged
    /// rows, of a sum in parts, and with something added.
    @Test(arguments: choices)
    func noTilingChangesAByte(_ choice: BackendChoice) throws {
      let backend = try Self.backend(choice)
      let forms: [(Int, Int, Int, Bool, Bool)] = [
        (129, 65, 300, false, true), (70, 130, 17, false, false), (33, 40, 1030, true, false),
        (3, 200, 64, false, true), (128, 128, 128, false, false), (5, 7, 1, false, true),
        (203, 35, 270, true, false),
      ]
      for (number, (m, n, k, transposeLeft, transposeRight)) in forms.enumerated() {
        for (isRagged, precision) in [false, true].flatMap({ ragged in
          (backend.matrixUnits == nil ? [.float32] : Precision.allCases).map { (ragged, $0) }
        }) {
          var numbers = TestNumbers(seed: 1800 + number)
          let rows = transposeLeft ? k : m
          let live: LiveRows? =
            isRagged
            ? LiveRows(counts: try backend.tensor([Int32(rows / 2), Int32(rows)], [2])) : nil
          func operand(_ shape: Shape, live: LiveRows?) throws -> Tensor {
            let tensor = try backend.empty(shape, live: live)
            try tensor.assign(numbers.awkward(shape.elementCount))
            return tensor
          }
          let left = try operand(transposeLeft ? [2, k, m] : [2, m, k], live: live)
          let right = try operand(
            transposeRight ? [2, n, k] : [2, k, n], live: transposeLeft ? live : nil)
          let addend = try operand([2, m, n], live: transposeLeft ? nil : live)
          func product(_ tiling: ProductTiling) throws -> [UInt32] {
            backend.forcedTiling = tiling
            let output = try backend.empty([2, m, n], live: transposeLeft ? nil : live)
            // Rows that are not live keep it.
            try backend.fill(output, bits: 0)
            try backend.matmul(
              left, transposeLeft: transposeLeft, right, transposeRight: transposeRight,
              adding: number % 2 == 0 ? addend : nil, precision: precision, into: output)
            return try output.floats().map(\.bitPattern)
          }
          let tilings = backend.tilings(for: precision)
          let first = try product(tilings[0])
          for tiling in tilings.dropFirst() {
            expectSame(
              try product(tiling), first,
              "form \(number), \(isRagged ? "ragged" : "whole"), \(precision), tiles of \(tiling)")
          }
        }
      }
    }

    /// Without tuning, narrow products have tiles that their columns fill, and large products the largest tiles.
    @Test(arguments: openCLDevices)
    func tilesFitTheProduct(_ device: Device) throws {
      let properties = try PretendedProperties(parsing: "kind=gpu,vendor=NVIDIA,units=28")
      let backend = try OpenCLBackend(
        device: device.pretending(properties), style: .manyItems, tuningFolder: nil)
      for (m, n, k, side) in [(192, 64, 4096, 64), (1024, 1024, 4096, 128)] {
        let product = MatrixProduct(
          replicas: 64, rows: m, columns: n, inner: k, transposeLeft: true)
        let tiling = backend.guess(for: product, on: nil)
        #expect(tiling.rows == side && tiling.columns == side, "\(m) x \(n): \(tiling)")
      }
    }

    /// A work-group that adds the parts of a sum by itself makes the bytes of parts that are stored first, and
    /// needs no other launch. It does so only where the device has enough groups.
    @Test(arguments: openCLDevices)
    func groupsAddPartsInTheOrderOfStoredParts(_ device: Device) throws {
      for (m, n, k) in [(70, 129, 600), (9, 11, 1030), (64, 33, 2048)] {
        let product = ProductShape(
          form: "TN", rows: m, columns: n, inner: k, replicas: 3, precision: .float32
        ).problem(comparing: .max)
        let runs = try [(units: 1, sums: nil), (units: 500, sums: 1)].map { units, sums in
          let properties = try PretendedProperties(parsing: "kind=gpu,vendor=NVIDIA,units=\(units)")
          let backend = try OpenCLBackend(
            device: device.pretending(properties), style: .manyItems, fillsWithNaN: true,
            keepsTimes: true, tuningFolder: nil)
          let outcome = try product.run(on: backend)
          #expect(outcome.violations == [])
          let times = try backend.takeTimes()
          #expect(times["sum_blocks"]?.launches == sums)
          return outcome.written
        }
        #expect(runs[0] == runs[1], "\(m) x \(n) x \(k)")
      }
    }

    /// A product with more operations than a launch may have is launched in parts, with the same bytes.
    @Test(arguments: openCLDevices)
    func longProductsAreLaunchedInParts(_ device: Device) throws {
      for units in [nil, MatrixUnits.emulation] {
        let precision = units == nil ? Precision.float32 : .bfloat16
        // With so many units a sum's parts are stored.
        let backend = try OpenCLBackend(
          device: device.pretending(PretendedProperties(parsing: "units=500")), style: .manyItems,
          fillsWithNaN: true, keepsTimes: true,
          matrixUnits: units, tuningFolder: nil)
        // Of a sum in parts too: 3 tiles of 64 rows and columns or more in each of its 2 parts.
        for (form, m, n, k) in [("NT", 150, 141, 40), ("TN", 70, 129, 600)] {
          let product = ProductShape(
            form: form, rows: m, columns: n, inner: k, replicas: 2, precision: precision
          ).problem(comparing: .max)
          let name = units == nil ? "matmul_local" : "matmul_matrix_units"
          func run() throws -> (written: [[[UInt32]]], launches: Int?) {
            _ = try backend.takeTimes()
            let outcome = try product.run(on: backend)
            #expect(outcome.violations == [])
            return (outcome.written, try backend.takeTimes()[name]?.launches)
          }
          #expect(backend.operationsPerLaunch >= 30e9)
          let whole = try run()
          #expect(whole.launches == 1)
          let kept = backend.operationsPerLaunch
          backend.operationsPerLaunch = Double(2 * 2 * m * n * k) / 2.5
          let parts = try run()
          backend.operationsPerLaunch = 1
          let groups = try run()
          backend.operationsPerLaunch = kept
          #expect(parts.launches == 3 && parts.written == whole.written, "\(form)")
          #expect(try #require(groups.launches) > 3 && groups.written == whole.written, "\(form)")
        }
      }
    }

    /// A tuning is read by the next backend on the device, and by none with another folder.
    @Test(arguments: OpenCLBackend.Style.allCases)
    func tuningIsKept(_ style: OpenCLBackend.Style) throws {
      for device in openCLDevices {
        try withFolder { folder in
          func backend() throws -> OpenCLBackend {
            try OpenCLBackend(device: device, style: style, tuningFolder: folder)
          }
          let tuner = ProductTuner(try backend(), folder: folder)
          #expect(tuner.record.name == "untuned")
          let shape = ProductShape(form: "TN", rows: 40, columns: 33, inner: 500, replicas: 2)
          #expect(shape.bucket.description == "TN 64 x 64 x 512, R 2")
          let entry = try tuner.tune(shape, rounds: 1, secondsPerRound: 0)
          let tuned = try backend()
          #expect(entry.outcomes.map(\.tiling) == tuned.tilings(for: .float32))
          #expect(tuned.tuning.entry(for: shape.bucket)?.chosen == entry.chosen)
          #expect(tuned.device.tuning == tuner.record.name)
          #expect(tuner.record.name.hasPrefix("tuning "))
          let file = try #require(
            try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
              .first)
          // What the file names is used for products of that bucket, unless the device cannot run it.
          let product = MatrixProduct(
            replicas: 2, rows: 40, columns: 33, inner: 500, transposeLeft: true)
          let text = try String(contentsOf: file, encoding: .utf8)
          for tiling in tuned.tilings(for: .float32) {
            func chosen(depth: Int) throws -> ProductTiling {
              var other = tiling
              other.depth = depth
              let named = String(
                decoding: try JSONEncoder().encode(["chosen": other]), as: UTF8.self)
              try text.replacing(/"chosen" : \{[^}]*\}/, with: String(named.dropFirst().dropLast()))
                .write(to: file, atomically: true, encoding: .utf8)
              return try backend().tiling(for: product, on: nil)
            }
            #expect(try chosen(depth: tiling.depth) == tiling)
            #expect(try chosen(depth: 7) == tuned.guess(for: product, on: nil))
          }
          // Cut short, it is as good as none.
          try text.write(to: file, atomically: true, encoding: .utf8)
          try Data(contentsOf: file).dropLast(40).write(to: file)
          #expect(try backend().device.tuning == "untuned")
        }
      }
    }

    /// Units are used after a check, and a record of products says so.
    @Test func matrixUnitsAreChecked() throws {
      for device in openCLDevices {
        let backend = try OpenCLBackend(device: device, style: .manyItems, matrixUnits: .emulation)
        #expect(backend.matrixUnits == .emulation && backend.matrixUnitsFailure == nil)
        #expect(backend.device.implementation.hasSuffix(", matrix units (emulation)"))
        #expect(backend.matrixUnitsNote == "Products of bfloat16 run on matrix units (emulation).")
        let wide = try OpenCLBackend(device: device, style: .wideItems, matrixUnits: .emulation)
        #expect(wide.matrixUnits == nil && wide.matrixUnitsNote == nil)
      }
    }

    /// The check of a device goes through its tilings without a fault.
    @Test(arguments: choices)
    func everyTilingIsRight(_ choice: BackendChoice) throws {
      let backend = try Self.backend(choice)
      for precision in Precision.allCases {
        #expect(try backend.wrongTiling(of: precision) == nil, "\(precision)")
      }
    }

    /// The check sees one wrong element, and one that is not a number.
    @Test func wrongElementsAreSeen() throws {
      for device in openCLDevices {
        let backend = try OpenCLBackend(device: device, style: .manyItems)
        for form in ["NN", "NT", "TN"] {
          let product = ProductShape(form: form, rows: 5, columns: 4, inner: 33, replicas: 2)
            .problem()
          let tensors = try product.tensors(on: backend)
          let expected = product.expected()[0]
          func failures(_ values: [Float]) -> Int {
            expected.deviation(of: values.map(\.bitPattern)).failures
          }
          #expect(try failures(tensors[2].floats()) == 40)
          try product(on: backend, tensors)
          var result = try tensors[2].floats()
          #expect(failures(result) == 0)
          result[23] += 0.001
          #expect(failures(result) == 1)
          result[23] = .nan
          #expect(failures(result) == 1)
        }
      }
    }

    private func withFolder(_ body: (URL) throws -> Void) throws {
      let folder = FileManager.default.temporaryDirectory
        .appending(path: "dormouse-\(UInt64.random(in: .min ... .max))")
      defer { try? FileManager.default.removeItem(at: folder) }
      try body(folder)
    }
  }
}
