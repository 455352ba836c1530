import Conformance
import TestSupport
import Tensors
import Testing

/// The oracle's gradients against central differences of its forward definitions, so that the
/// backends are held to something that has been checked itself.
@Suite struct OracleTests {
  /// Σ upstream · values: a scalar whose gradient is the operation's gradient of `upstream`.
  static func inner(_ upstream: [Double], _ values: [Double]) -> Double {
    zip(upstream, values).reduce(0) { $0 + $1.0 * $1.1 }
  }

  @Test func matmul() {
    var numbers = TestNumbers(seed: 12000)
    for (transposeLeft, transposeRight) in [
      (false, false), (false, true), (true, false), (true, true),
    ] {
      let sizes = MatrixProduct(
        replicas: 2, rows: 3, columns: 4, inner: 5, transposeLeft: transposeLeft,
        transposeRight: transposeRight)
      let left = numbers.normals(2 * 3 * 5).doubles
      let right = numbers.normals(2 * 5 * 4).doubles
      let upstream = numbers.normals(2 * 3 * 4).doubles
      // d left = upstream · rightᵀ, and its transpose where left is transposed.
      let leftGradient =
        transposeLeft
        ? Oracle.matmul(
          right, upstream,
          MatrixProduct(
            replicas: 2, rows: 5, columns: 3, inner: 4, transposeLeft: transposeRight,
            transposeRight: true))
        : Oracle.matmul(
          upstream, right,
          MatrixProduct(
            replicas: 2, rows: 3, columns: 5, inner: 4, transposeRight: !transposeRight))
      expectGradient(
        of: { Self.inner(upstream, Oracle.matmul($0, right, sizes).values) }, at: left,
        equals: leftGradient.values, "\(sizes)")
    }
  }

  @Test func rotary() {
    var numbers = TestNumbers(seed: 12100)
    let shape = AttentionSizes(
      replicas: 2, batch: 1, positions: 3, heads: 2, headWidth: 4)
    let table = RotaryTable.values(positions: 8, headWidth: 4, base: 100).doubles
    let projection = numbers.normals(2 * 3 * 24).doubles
    let upstream = numbers.normals(2 * 3 * 24).doubles
    expectGradient(
      of: {
        Self.inner(upstream, Oracle.rotary($0, table: table, start: [1, 5], shape).values)
      }, at: projection,
      equals: Oracle.rotary(upstream, table: table, start: [1, 5], inverse: true, shape).values,
      "rotary")
  }

  @Test func attention() {
    var numbers = TestNumbers(seed: 12200)
    let shape = AttentionSizes(
      replicas: 2, batch: 2, positions: 4, heads: 2, headWidth: 3)
    let lengths: [Int32] = [4, 0, 3, 1]
    let projection = numbers.normals(4 * 4 * 18).doubles
    let upstream = numbers.normals(4 * 4 * 6).doubles
    let forward = Oracle.attention(projection, lengths: lengths, shape)
    expectGradient(
      of: { Self.inner(upstream, Oracle.attention($0, lengths: lengths, shape).output.values) },
      at: projection,
      equals: Oracle.attentionGradient(
        projection, lengths: lengths, output: forward.output.values,
        logSumExp: forward.logSumExp.values, outputGradient: upstream, shape
      ).values, "attention")
  }

  /// A decoded position is the last position of an attention over the whole row.
  @Test func decodeIsTheLastRowOfAttention() {
    var numbers = TestNumbers(seed: 12300)
    let shape = AttentionSizes(batch: 2, positions: 5, heads: 2, headWidth: 4)
    let projection = numbers.normals(2 * 5 * 24).doubles
    let table = RotaryTable.values(positions: 7, headWidth: 4, base: 100).doubles
    let rotated = Oracle.rotary(projection, table: table, shape).values
    let whole = Oracle.attention(rotated, lengths: [5, 5], shape).output.values
    let empty = [Double](repeating: 0, count: 2 * 2 * 7 * 4)
    let stored = Oracle.storeKeysAndValues(
      rotated, keys: empty, values: empty, capacity: 7, shape)
    var one = shape
    one.positions = 1
    func lastPositions(_ values: [Double], width: Int) -> [Double] {
      [4, 9].flatMap { position in Array(values[position * width..<(position + 1) * width]) }
    }
    let last = lastPositions(projection, width: 24)
    let decoded = Oracle.attentionDecode(
      last, table: table, keys: stored.keys.values, values: stored.values.values, capacity: 7,
      positions: [4, 4], one)
    let expected = lastPositions(whole, width: 8)
    #expect(zip(decoded.output.values, expected).allSatisfy { abs($0 - $1) < 1e-14 })
    #expect(decoded.keys.values == stored.keys.values)
  }

  @Test func rmsNorm() {
    var numbers = TestNumbers(seed: 12400)
    let (replicas, rows, channels) = (2, 3, 5)
    let input = numbers.normals(30).doubles
    let weight = numbers.normals(10).doubles
    let upstream = numbers.normals(30).doubles
    let adding = numbers.normals(30).doubles
    func forward(_ input: [Double], _ weight: [Double]) -> (output: Expected, scale: Expected) {
      Oracle.rmsNorm(
        input, weight: weight, epsilon: 0.01, replicas: replicas, rows: rows, channels: channels)
    }
    let gradient = Oracle.rmsNormGradient(
      input, weight: weight, scale: forward(input, weight).scale.values, outputGradient: upstream,
      adding: adding, replicas: replicas, rows: rows, channels: channels)
    expectGradient(
      of: { Self.inner(upstream, forward($0, weight).output.values) + Self.inner(adding, $0) },
      at: input, equals: gradient.input.values, "input")
    expectGradient(
      of: { Self.inner(upstream, forward(input, $0).output.values) }, at: weight,
      equals: gradient.weight.values, "weight")
  }

  @Test func swiGLU() {
    var numbers = TestNumbers(seed: 12500)
    let input = numbers.normals(2 * 3 * 8, scale: 2).doubles
    let upstream = numbers.normals(2 * 3 * 4).doubles
    expectGradient(
      of: { Self.inner(upstream, Oracle.swiGLU($0, width: 4).values) }, at: input,
      equals: Oracle.swiGLUGradient(input, outputGradient: upstream, width: 4).values, "swiGLU")
  }

  @Test func embedding() {
    var numbers = TestNumbers(seed: 12600)
    let indices: [Int32] = [0, 2, 2, 1, 3, 3, 3, 0]
    let table = numbers.normals(2 * 4 * 3).doubles
    let upstream = numbers.normals(8 * 3).doubles
    expectGradient(
      of: {
        Self.inner(
          upstream,
          Oracle.embedding(indices, table: $0, replicas: 2, rows: 4, channels: 3).values)
      }, at: table,
      equals: Oracle.embeddingGradient(
        indices, outputGradient: upstream, accumulatingOn: nil, replicas: 2, rows: 4, channels: 3
      ).values, "embedding")
  }

  @Test func tokenLogProbabilities() {
    var numbers = TestNumbers(seed: 12700)
    let logits = numbers.normals(4 * 6, scale: 2).doubles
    let targets: [Int32] = [0, 5, 3, 3]
    let upstream: [Double] = [1, -0.5, 0, 2]
    let kept = Oracle.tokenLogProbabilities(logits, targets: targets, vocabulary: 6)
    expectGradient(
      of: {
        Self.inner(
          upstream,
          Oracle.tokenLogProbabilities($0, targets: targets, vocabulary: 6)
            .logProbabilities.values)
      }, at: logits,
      equals: Oracle.tokenLogProbabilitiesGradient(
        logits, targets: targets, logSumExp: kept.logSumExp.values, outputGradient: upstream,
        vocabulary: 6
      ).values, "log-probabilities")
  }

  @Test func weightedSum() {
    var numbers = TestNumbers(seed: 12800)
    let (values, weights) = (numbers.normals(10).doubles, numbers.normals(10).doubles)
    let upstream = numbers.normals(2).doubles
    expectGradient(
      of: {
        Self.inner(upstream, Oracle.weightedSum($0, weights: weights, replicas: 2).values)
      }, at: values,
      equals: Oracle.weightedSumGradient(weights: weights, outputGradient: upstream).values,
      "weightedSum")
  }

  /// Two steps in double precision by the loop of torch.optim.AdamW's documentation, in Python:
  /// p -= lr*wd*p; m = b1*m + (1-b1)*g; v = b2*v + (1-b2)*g**2;
  /// p -= lr*(m/(1-b1**t))/(math.sqrt(v/(1-b2**t))+eps)
  @Test func adamW() {
    var state = Oracle.AdamWState<[Double]>(
      parameters: [1, -2], firstMoment: [0, 0], secondMoment: [0, 0])
    let settings = AdamWSettings(beta1: 0.75, beta2: 0.5, epsilon: 1e-8)
    for (step, gradient) in [(1, [0.5, -1]), (2, [0.25, 2])] as [(Int, [Double])] {
      let (c1, c2) = step == 1 ? (4, 2) : (1 / (1 - 0.5625), 1 / (1 - 0.25))
      let next = Oracle.adamW(
        state, gradients: gradient, control: [1, 0.1, c1, c2, 0.5], settings: settings, decayed: 2)
      state = Oracle.AdamWState(
        parameters: next.parameters.values, firstMoment: next.firstMoment.values,
        secondMoment: next.secondMoment.values)
    }
    for (value, expected) in zip(state.parameters, [0.7064847503019216, -1.7512393056540208]) {
      // lr, wd and eps enter as floats: 0.1 and 10⁻⁸ are off by up to half a unit in the last place.
      #expect(abs(value - expected) < 1e-7)
    }
  }

  /// Two steps by torch.optim.SGD's documentation, decay taken from the parameter as AdamW's loop above
  /// does: 1 - 0.1·0.5·1 - 0.1·0.5 = 0.9; m = 0.75·0.5 + 0.25 = 0.625, 0.9 - 0.045 - 0.0625 = 0.7925;
  /// -2 + 0.1 + 0.1 = -1.8; m = -0.75 + 2 = 1.25, -1.8 + 0.09 - 0.125 = -1.835.
  @Test func sgd() {
    var (parameters, momentum) = ([1.0, -2], [0.0, 0])
    for gradient in [[0.5, -1], [0.25, 2]] {
      let next = Oracle.sgd(
        parameters, momentum: momentum, gradients: gradient, control: [1, 0.1, 0, 0, 0.5],
        settings: SGDSettings(momentum: 0.75), decayed: 2)
      (parameters, momentum) = (next.parameters.values, next.momentum.values)
    }
    for (value, expected) in zip(parameters, [0.7925, -1.835]) {
      #expect(abs(value - expected) < 1e-12)
    }
  }

  /// The decisions of `OperationDescription.gateUpdate`'s replicas, by hand.
  @Test func gateUpdate() throws {
    let call = try #require(
      OperationDescription.all.first { $0.name == "gateUpdate" }?.cases(.device, seed: 1).first)
    guard case .choices(let steps) = call.expected()[0],
      case .choices(let active) = call.expected()[1],
      case .numbers(let control) = call.expected()[2]
    else {
      Issue.record("steps, active and control are not integers and numbers")
      return
    }
    #expect(steps == [1, 2, 1, 0, 3, 0, 1, 2, 1, 2, 3, 1].map { [$0] })
    #expect(active == [1, 1, 0, -1, 1, -1, -1, -1, -1, 1, 1, -1].map { [$0] })
    #expect(control.values[0] == 1 && control.values[45] == 1)
    #expect(abs(control.values[5] - 0.07) < 1e-7)
  }
}
