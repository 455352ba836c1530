import Text
import ArgumentParser
import Conformance
import Foundation
import OpenCL
import Studies
import Tensors
import TensorsCPU
import TensorsOpenCL
import Training
import Transformers

/// The measurements of a device: its ceilings, its operations, a launch, training, and generation.
final class DeviceBench {
  let backend: any Backend
  let rounds: Int
  /// The precision of the operands of products.
  let precision: Precision
  /// Whether products are compared with those of OpenBLAS on all processors.
  let comparesWithOpenBLAS: Bool
  /// The median ratio of every comparison with OpenBLAS so far.
  private(set) var openBLASRatios: [Double] = []
  private let report: (BenchRow) throws -> Void
  /// GB/s of a copy, and GFLOP/s of the best product so far.
  private var ceilings = (bandwidth: 0.0, product: 0.0)

  init(
    backend: any Backend, rounds: Int, precision: Precision = .float32,
    comparesWithOpenBLAS: Bool = false,
    report: @escaping (BenchRow) throws -> Void
  ) {
    self.backend = backend
    self.precision = precision
    self.comparesWithOpenBLAS = comparesWithOpenBLAS
    self.rounds = rounds
    self.report = report
  }

  private func times(_ call: () throws -> Void) throws -> RoundTimes {
    try RoundTimes(rounds: rounds) { calls in
      for _ in 0..<calls { try call() }
      try backend.finish()
    }
  }

  // MARK: Ceilings

  func measureCopy() throws {
    let count = 1 << 24
    let (source, target) = (try backend.zeros([1, count]), try backend.zeros([1, count]))
    var row = BenchRow(
      "ceiling", "copy of 64 MB", try times { try backend.copy(source, to: target) })
    row.gigabytesPerSecond = 8 * Double(count) / row.seconds / 1e9
    ceilings.bandwidth = row.gigabytesPerSecond ?? 0
    try report(row)
    let small = try backend.zeros([1, 8])
    try report(
      BenchRow("launch", "fill of 8 numbers", try times { try backend.fill(small, bits: 0) }))
    let sum = try backend.zeros([1, 8])
    try report(
      BenchRow("launch", "add of 8 numbers", try times { try backend.add(small, small, into: sum) })
    )
  }

  // MARK: Products

  var meanOpenBLASRatio: Double? {
    guard !openBLASRatios.isEmpty else { return nil }
    return exp(openBLASRatios.reduce(0) { $0 + log($1) } / Double(openBLASRatios.count))
  }

  /// Checks the sides of `--square`.
  ///
  /// - Throws: `ValidationError` for a side that is out of range.
  static func validate(squares: [Int]) throws {
    if let wrong = squares.first(where: { !(1...32768).contains($0) }) {
      throw ValidationError("--square: expected 1 to 32768, found \(wrong).")
    }
  }

  /// Square products in the three forms of a linear layer.
  static func squares(_ size: Int) -> [MatrixProduct] {
    [(false, false), (false, true), (true, false)].map {
      MatrixProduct(
        rows: size, columns: size, inner: size, transposeLeft: $0, transposeRight: $1)
    }
  }

  /// The products of the layers of a model, each shape once: y = xWᵀ, dx = gW and dW = gᵀx.
  static func products(of model: BenchModel) -> [MatrixProduct] {
    let c = model.configuration
    let rows = model.batch * model.positions
    return [
      (c.channels, 3 * c.channels), (c.channels, c.channels), (c.channels, 2 * c.feedForwardWidth),
      (c.feedForwardWidth, c.channels), (c.channels, c.vocabularySize),
    ].flatMap { inputs, outputs in
      [
        MatrixProduct(rows: rows, columns: outputs, inner: inputs, transposeRight: true),
        MatrixProduct(rows: rows, columns: inputs, inner: outputs),
        MatrixProduct(rows: outputs, columns: inputs, inner: rows, transposeLeft: true),
      ]
    }
  }

  func measure(_ product: MatrixProduct, replicas: Int = 1) throws {
    var sizes = product
    sizes.replicas = replicas
    let call = OperationCase.product(sizes, precision)
    let tensors = try call.tensors(on: backend)
    func multiply() throws { try call(on: backend, tensors) }
    var row = BenchRow(
      "product", "\(sizes.form) \(sizes.rows) x \(sizes.columns) x \(sizes.inner)",
      try times { try multiply() })
    row.replicas = replicas
    if comparesWithOpenBLAS && replicas == 1 {
      let ratios = try compare(
        sizes, try tensors[0].floats(), try tensors[1].floats(), tensors[2], multiply)
      row.openBLASRatio = [ratios[ratios.count / 2], ratios[0], ratios[ratios.count - 1]]
      openBLASRatios.append(ratios[ratios.count / 2])
    }
    try finish(&row, call)
  }

  /// Ratios of the time of OpenBLAS to the time of this program, in alternating rounds of a tenth of a
  /// second, ascending.
  private func compare(
    _ sizes: MatrixProduct, _ left: [Float], _ right: [Float], _ output: Tensor,
    _ multiply: () throws -> Void
  ) throws -> [Double] {
    let threads = ProcessInfo.processInfo.activeProcessorCount
    var peer = OpenBLASProduct(sizes, left: left, right: right)
    func ours(_ calls: Int) throws -> Double {
      try RoundTimes.time {
        for _ in 0..<calls { try multiply() }
        try backend.finish()
      } / Double(calls)
    }
    func theirs(_ calls: Int) -> Double {
      RoundTimes.time { peer.run(times: calls, threads: threads) } / Double(calls)
    }
    func calls(_ seconds: Double) -> Int { max(1, Int(0.1 / seconds)) }
    _ = theirs(2)
    let (ourCalls, theirCalls) = (calls(try ours(2)), calls(theirs(2)))
    // The operands are at most 1 in magnitude, so this bounds the rounding errors of both sums.
    let bound = Float(sizes.inner * (sizes.inner + 8)) * 0x1p-23
    guard try zip(output.floats(), peer.output).allSatisfy({ abs($0 - $1) <= bound }) else {
      throw CommandFault(
        line:
          "a product of \(backend.device.name) differs from that of OpenBLAS; run `dormouse check-device`",
        exitCode: .failed)
    }
    return try (0..<rounds).map { _ in
      let peer = theirs(theirCalls)
      // The threads of OpenBLAS wait actively for a while after their work.
      Thread.sleep(forTimeInterval: 0.1)
      return peer / (try ours(ourCalls))
    }.sorted()
  }

  /// Adds the speeds to a row and reports it.
  private func finish(_ row: inout BenchRow, _ call: OperationCase) throws {
    let (flops, bytes) = (call.flops / row.seconds / 1e9, call.bytes / row.seconds / 1e9)
    row.gigaflopsPerSecond = flops
    row.gigabytesPerSecond = bytes
    if row.kind == "product" { ceilings.product = max(ceilings.product, flops) }
    if ceilings.product > 0 && ceilings.bandwidth > 0 {
      row.fractionOfCeiling = max(flops / ceilings.product, bytes / ceilings.bandwidth)
    }
    try report(row)
  }

  // MARK: Attention

  func measureAttention(_ sizes: AttentionSizes) throws {
    var numbers = TestNumbers(seed: 3)
    let rows = sizes.rows * sizes.positions
    let projection = numbers.operands(rows * 3 * sizes.channels, .float32)
    let lengths = [Int32](repeating: Int32(sizes.positions), count: sizes.rows)
    let forward = OperationCase.attention(sizes, projection: projection, lengths: lengths)
    let tensors = try forward.tensors(on: backend)
    let name = "B \(sizes.batch) T \(sizes.positions) H \(sizes.heads) D \(sizes.headWidth)"
    var row = BenchRow("attention", name, try times { try forward(on: backend, tensors) })
    try finish(&row, forward)
    let backward = OperationCase.attentionGradient(
      sizes, projection: projection, lengths: lengths, output: try tensors[2].floats(),
      logSumExp: try tensors[3].floats(),
      outputGradient: numbers.operands(rows * sizes.channels, .float32))
    let operands = try backward.tensors(on: backend)
    row = BenchRow(
      "attention", name + ", gradient", try times { try backward(on: backend, operands) })
    try finish(&row, backward)
  }

  // MARK: Training

  /// Measures whole training steps: upload of the batch, forward and backward pass, clipping and AdamW.
  func measureTraining(of model: BenchModel, replicas: Int) throws {
    let layout = ParameterLayout(model.configuration)
    let geometry = BatchGeometry(
      batch: model.batch, positions: model.positions, targets: model.positions)
    let cohort = try Cohort(
      model.configuration,
      replicas: (0..<replicas).map {
        Cohort.Replica(
          parameters: layout.initialValues(seed: UInt64($0)),
          schedule: .constant(peak: 1e-3, warmup: 10))
      }, steps: 8192, settings: .adamW(AdamWSettings()), geometry: geometry,
      on: backend)
    func example(_ batch: Int, _ replica: Int, _ row: Int) -> Example {
      let start = row * 31 + replica * 5
      let tokens: [Int32] = (0...model.positions).map { Int32(($0 * (7 + batch) + start) % 256) }
      return Example(tokens: tokens, firstTarget: 1)
    }
    let batches = (0..<4).map { batch in
      CohortBatch(
        (0..<replicas).map { replica in
          (0..<model.batch).map { example(batch, replica, $0) }
        }, geometry: geometry)
    }
    func steps(_ count: Int) throws {
      for step in 0..<count { try cohort.step(batches[step % batches.count]) }
      try backend.finish()
    }
    var row = BenchRow(
      "training", "\(model.name), B \(model.batch) T \(model.positions)",
      try RoundTimes(rounds: rounds, secondsPerRound: 0.2) { try steps($0) })
    row.replicas = replicas
    let tokens = replicas * model.batch * model.positions
    row.tokensPerSecond = Double(tokens) / row.seconds
    if let openCL = backend as? OpenCLBackend {
      _ = try openCL.takeTimes()
      let seconds = try RoundTimes.time { try steps(4) }
      let times = try openCL.takeTimes()
      let inside = times.filter {
        ["matmul", "attention", "round_to_bfloat16"].contains(where: $0.key.contains)
      }
      .reduce(0) { $0 + $1.value.seconds }
      if inside > 0 { row.productShare = inside / seconds }
      kernelTimes = times.mapValues { ($0.seconds / 4, $0.seconds / seconds) }
    }
    try report(row)
  }

  /// The seconds of each kernel in a step of the last measured training, and its share of the time.
  private(set) var kernelTimes: [String: (seconds: Double, share: Double)] = [:]

  // MARK: Generation

  func measureGeneration(of model: BenchModel, batch: Int, prompt: Int, new: Int) throws {
    let transformer = try Transformer(
      model.configuration,
      values: [ParameterLayout(model.configuration).initialValues(seed: 1)],
      maximumPositions: prompt + new, on: backend)
    let tokens = try backend.tensor(
      (0..<batch * prompt).map { Int32($0 * 37 % 256) }, [1, batch, prompt])
    let lengths = [[Int32](repeating: Int32(prompt), count: batch)]
    var row = BenchRow(
      "generation", "\(model.name), B \(batch), \(prompt) + \(new) tokens",
      try RoundTimes(rounds: rounds) { calls in
        for _ in 0..<calls {
          _ = try transformer.generate(
            prompts: tokens, lengths: lengths, maximumTokens: new, seeds: [0], end: -1)
        }
      })
    row.tokensPerSecond = Double(batch * new) / row.seconds
    try report(row)
  }
}
