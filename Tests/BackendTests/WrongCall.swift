import Tensors

/// A call that must end the process, with the sentence that it must print.
struct WrongCall: Sendable {
  let sentence: String
  let call: @Sendable (any Backend) throws -> Void

  init(_ sentence: String, _ call: @escaping @Sendable (any Backend) throws -> Void) {
    self.sentence = sentence
    self.call = call
  }

  /// At least one call of every operation, and one for every rule that a device cannot check.
  static let all: [WrongCall] =
    products + attentions + rows + losses + gates + updates + matrixUpdates + samples

  private static let products = [
    WrongCall("copy: [1, 4] of float32 is not [1, 4] of int32") {
      try $0.copy($0.zeros([1, 4]), to: $0.zeros([1, 4], .int32))
    },
    WrongCall("matmul: shapes [2, 3, 4] and [2, 5, 6] do not make [2, 3, 6]") {
      try $0.matmul(
        $0.zeros([2, 3, 4]), transposeLeft: false, $0.zeros([2, 5, 6]), transposeRight: false,
        adding: nil, into: $0.zeros([2, 3, 6]))
    },
    WrongCall("matmul: shapes [1, 3, 4] and [2, 6, 4] transposed do not make [2, 3, 6]") {
      try $0.matmul(
        $0.zeros([1, 3, 4]), transposeLeft: false, $0.zeros([2, 6, 4]), transposeRight: true,
        adding: nil, into: $0.zeros([2, 3, 6]))
    },
    WrongCall("live rows: counts [2] of float32 are not (replicas) of int32") {
      _ = LiveRows(counts: try $0.zeros([2]))
    },
    WrongCall("add: [1, 2, 3] and [1, 2, 3] have different live rows") {
      let live = LiveRows(counts: try $0.zeros([1], .int32))
      let output = try $0.empty([1, 2, 3], live: live)
      try $0.add(output, $0.zeros([1, 2, 3]), into: output)
    },
  ]

  private static let attentions = [
    WrongCall(
      "attention: [1, 2, 3, 24] is not (replicas, batch, positions, 3 x channels) with 3 heads"
    ) {
      try $0.attention(
        $0.zeros([1, 2, 3, 24]), lengths: $0.zeros([1, 2], .int32), heads: 3,
        into: $0.zeros([1, 2, 3, 8]), logSumExp: $0.zeros([1, 2, 3, 3]))
    },
    WrongCall("attention: table [1, 2, 2, 2] does not fit [1, 2, 3, 24] with 2 heads") {
      try $0.attention(
        $0.zeros([1, 2, 3, 24]), rotaryTable: $0.zeros([1, 2, 2, 2]),
        lengths: $0.zeros([1, 2], .int32), heads: 2, into: $0.zeros([1, 2, 3, 8]),
        logSumExp: $0.zeros([1, 2, 2, 3]))
    },
    WrongCall("attention: lengths [1, 3] are not (replicas, batch) = [1, 2]") {
      try $0.attention(
        $0.zeros([1, 2, 3, 24]), lengths: $0.zeros([1, 3], .int32), heads: 2,
        into: $0.zeros([1, 2, 3, 8]), logSumExp: $0.zeros([1, 2, 2, 3]))
    },
    WrongCall(
      "attentionGradient: output gradient [1, 2, 3, 4] is not the shape of [1, 2, 3, 8]"
    ) {
      try $0.attentionGradient(
        $0.zeros([1, 2, 3, 24]), lengths: $0.zeros([1, 2], .int32), heads: 2,
        output: $0.zeros([1, 2, 3, 8]), logSumExp: $0.zeros([1, 2, 2, 3]),
        outputGradient: $0.zeros([1, 2, 3, 4]), into: $0.zeros([1, 2, 3, 24]))
    },
    WrongCall("rotary: head width 3 is odd") {
      let projection = try $0.zeros([1, 2, 3, 9])
      try $0.rotary(
        projection, heads: 1, table: $0.zeros([1, 3, 1, 2]), start: nil, inverse: false,
        into: projection)
    },
    WrongCall("rotary: table [1, 3, 2, 1] does not fit [1, 2, 3, 12] with 1 heads") {
      let projection = try $0.zeros([1, 2, 3, 12])
      try $0.rotary(
        projection, heads: 1, table: $0.zeros([1, 3, 2, 1]), start: nil, inverse: false,
        into: projection)
    },
    WrongCall("rotary: start [1, 2] is not int32 (replicas, batch) = [1, 2]") {
      let projection = try $0.zeros([1, 2, 3, 12])
      try $0.rotary(
        projection, heads: 1, table: $0.zeros([1, 3, 2, 2]), start: $0.zeros([1, 2]),
        inverse: false, into: projection)
    },
    WrongCall(
      "storeKeysAndValues: caches [1, 2, 1, 2, 4] and [1, 2, 1, 2, 4] do not fit projection"
    ) {
      try $0.storeKeysAndValues(
        $0.zeros([1, 2, 3, 12]), heads: 1, keys: $0.zeros([1, 2, 1, 2, 4]),
        values: $0.zeros([1, 2, 1, 2, 4]))
    },
    WrongCall("attentionDecode: positions [1, 2] are not int32 (replicas, batch) = [1, 2]") {
      try $0.attentionDecode(
        $0.zeros([1, 2, 1, 12]), heads: 1, table: $0.zeros([1, 5, 2, 2]),
        keys: $0.zeros([1, 2, 1, 5, 4]), values: $0.zeros([1, 2, 1, 5, 4]),
        positions: $0.zeros([1, 2]), into: $0.zeros([1, 2, 1, 4]))
    },
    WrongCall("attentionDecode: table [1, 5, 4, 2] does not fit [1, 2, 1, 12] with 1 heads") {
      try $0.attentionDecode(
        $0.zeros([1, 2, 1, 12]), heads: 1, table: $0.zeros([1, 5, 4, 2]),
        keys: $0.zeros([1, 2, 1, 5, 4]), values: $0.zeros([1, 2, 1, 5, 4]),
        positions: $0.zeros([1, 2], .int32), into: $0.zeros([1, 2, 1, 4]))
    },
  ]

  private static let rows = [
    WrongCall("rmsNorm: weight [1, 5] does not fit [1, 3, 4]") {
      try $0.rmsNorm(
        $0.zeros([1, 3, 4]), weight: $0.zeros([1, 5]), epsilon: 1, into: $0.zeros([1, 3, 4]),
        scale: $0.zeros([1, 3]))
    },
    WrongCall("normalizedMatmul: weight [1, 5] does not fit [1, 3, 4]") {
      try $0.normalizedMatmul(
        $0.zeros([1, 3, 4]), weight: $0.zeros([1, 5]), epsilon: 1, $0.zeros([1, 2, 4]),
        into: $0.zeros([1, 3, 2]))
    },
    WrongCall("rmsNormGradient: weight gradient [1, 3] is not the shape of [1, 4]") {
      try $0.rmsNormGradient(
        $0.zeros([1, 3, 4]), weight: $0.zeros([1, 4]), scale: $0.zeros([1, 3]),
        outputGradient: $0.zeros([1, 3, 4]), adding: nil, into: $0.zeros([1, 3, 4]),
        weightGradient: $0.zeros([1, 3]))
    },
    WrongCall("add: [1, 4], [1, 5] and [1, 4] are not one shape") {
      let output = try $0.zeros([1, 4])
      try $0.add(output, $0.zeros([1, 5]), into: output)
    },
    WrongCall("roundToBFloat16: output [1, 5] is not the shape of [1, 4]") {
      try $0.roundToBFloat16($0.zeros([1, 4]), into: $0.zeros([1, 5]))
    },
    WrongCall("swiGLU: [1, 2, 6] is not [1, 2, 4] with gate and value side by side") {
      try $0.swiGLU($0.zeros([1, 2, 6]), into: $0.zeros([1, 2, 4]))
    },
    WrongCall("gatedMatmul: [1, 2, 3] and [1, 5, 3] do not make gates and values of [1, 2, 2]") {
      try $0.gatedMatmul(
        $0.zeros([1, 2, 3]), weight: $0.zeros([1, 5, 3]), gateAndUp: nil, into: $0.zeros([1, 2, 2]))
    },
    WrongCall("gatedMatmulGradient: gradient [1, 2, 2] is not the shape of [1, 2, 4]") {
      try $0.gatedMatmulGradient(
        $0.zeros([1, 2, 3]), weight: $0.zeros([1, 3, 2]), gateAndUp: $0.zeros([1, 2, 4]),
        into: $0.zeros([1, 2, 2]))
    },
    WrongCall("swiGLUGradient: gradient [1, 2, 3] is not the shape of [1, 2, 6]") {
      try $0.swiGLUGradient(
        $0.zeros([1, 2, 6]), outputGradient: $0.zeros([1, 2, 3]), into: $0.zeros([1, 2, 3]))
    },
    WrongCall("embedding: output [1, 3, 5] does not fit indices [1, 3] and table [1, 7, 4]") {
      try $0.embedding(
        $0.zeros([1, 3], .int32), table: $0.zeros([1, 7, 4]), into: $0.zeros([1, 3, 5]))
    },
    WrongCall("embeddingGradient: indices [1, 3] and table [1, 7, 4] are not int32 and") {
      try $0.embeddingGradient(
        $0.zeros([1, 3]), outputGradient: $0.zeros([1, 3, 4]), accumulate: false,
        into: $0.zeros([1, 7, 4]))
    },
  ]

  private static let losses = [
    WrongCall("tokenLogProbabilities: targets [1, 4] are not one int32 per row of [1, 3, 5]") {
      try $0.tokenLogProbabilities(
        $0.zeros([1, 3, 5]), targets: $0.zeros([1, 4], .int32), into: $0.zeros([1, 3]),
        logSumExp: $0.zeros([1, 3]))
    },
    WrongCall("tokenLogProbabilitiesInPlace: [1, 4] has not one value per row of [1, 3, 5]") {
      try $0.tokenLogProbabilitiesInPlace(
        $0.zeros([1, 3, 5]), targets: $0.zeros([1, 3], .int32), outputGradient: $0.zeros([1, 4]),
        into: $0.zeros([1, 3]))
    },
    WrongCall("tokenLogProbabilitiesGradient: gradient [1, 3, 4] is not the shape of [1, 3, 5]") {
      try $0.tokenLogProbabilitiesGradient(
        $0.zeros([1, 3, 5]), targets: $0.zeros([1, 3], .int32), logSumExp: $0.zeros([1, 3]),
        outputGradient: $0.zeros([1, 3]), into: $0.zeros([1, 3, 4]))
    },
    WrongCall("weightedSum: [2, 2] is not one value per replica of [2, 3]") {
      try $0.weightedSum($0.zeros([2, 3]), weights: $0.zeros([2, 3]), into: $0.zeros([2, 2]))
    },
    WrongCall("weightedSumGradient: gradient [2, 4] is not the shape of weights [2, 3]") {
      try $0.weightedSumGradient(
        weights: $0.zeros([2, 3]), outputGradient: $0.zeros([2]), into: $0.zeros([2, 4]))
    },
    WrongCall("sumOfSquares: [3] is not one value per replica of [2, 3]") {
      try $0.sumOfSquares($0.zeros([2, 3]), into: $0.zeros([3]))
    },
  ]

  /// Calls `gateUpdate` for two replicas with one tensor wrong.
  private static func gate(
    _ backend: any Backend, loss: Shape = [2], norm: Shape = [2], schedule: Shape = [2, 3, 4],
    steps: Shape = [2], type: ElementType = .int32, active: Shape = [2]
  ) throws {
    try backend.gateUpdate(
      loss: backend.zeros(loss), squaredNorm: backend.zeros(norm),
      schedule: backend.zeros(schedule), clip: 1, steps: backend.zeros(steps, type),
      active: backend.zeros(active, type), control: backend.zeros([2, 5]))
  }

  private static let gates = [
    WrongCall("gateUpdate: control [2, 5] and schedule [3, 3, 4] are not (replicas, 5) and") {
      try gate($0, schedule: [3, 3, 4])
    },
    WrongCall("gateUpdate: [3] is not one value per replica of [2, 5]") { try gate($0, loss: [3]) },
    WrongCall("gateUpdate: [2, 2] is not one value per replica of [2, 5]") {
      try gate($0, norm: [2, 2])
    },
    WrongCall("gateUpdate: [1] is not one value per replica of [2, 5]") {
      try gate($0, steps: [1])
    },
    WrongCall("gateUpdate: [4] is not one value per replica of [2, 5]") {
      try gate($0, active: [4])
    },
    WrongCall("gateUpdate: steps and active are float32 and float32, not int32") {
      try gate($0, type: .float32)
    },
  ]

  private static let updates = [
    WrongCall("adamW: control [2, 4] is not (replicas, 5) for [2, 7]") {
      try adamW($0, control: [2, 4])
    },
    WrongCall("adamW: [2, 6] is not the shape of parameters [2, 7]") {
      try adamW($0, moment: [2, 6])
    },
    WrongCall("adamW: 8 of 7 parameters cannot decay") { try adamW($0, decayed: 8) },
    WrongCall("sgd: control [1, 5] is not (replicas, 5) for [2, 7]") {
      try $0.sgd(
        parameters: $0.zeros([2, 7]), gradients: $0.zeros([2, 7]), momentum: $0.zeros([2, 7]),
        control: $0.zeros([1, 5]), settings: SGDSettings(), decayed: 0)
    },
  ]

  private static func adamW(
    _ backend: any Backend, moment: Shape = [2, 7], control: Shape = [2, 5], decayed: Int = 0
  ) throws {
    try backend.adamW(
      parameters: backend.zeros([2, 7]), gradients: backend.zeros([2, 7]),
      firstMoment: backend.zeros([2, 7]), secondMoment: backend.zeros(moment),
      control: backend.zeros(control), settings: AdamWSettings(), decayed: decayed)
  }

  private static let matrixUpdates = [
    WrongCall("muonMomentum: [1, 2, 4, 5] is not the direction of [1, 2, 3, 4]") {
      try $0.muonMomentum(
        gradients: $0.zeros([1, 2, 3, 4]), momentum: $0.zeros([1, 2, 3, 4]),
        control: $0.zeros([1, 5]), beta: 0.9, into: $0.zeros([1, 2, 4, 5]))
    },
    WrongCall("muonUpdate: control [5] is not (replicas, 5) for [1, 2, 3, 4]") {
      try $0.muonUpdate(
        parameters: $0.zeros([1, 2, 3, 4]), direction: $0.zeros([1, 2, 4, 3]),
        control: $0.zeros([5]), scale: 1, decay: 1)
    },
    WrongCall("addPolynomial: [1, 3, 4] and [1, 3, 4] are not square matrices of one shape") {
      try $0.addPolynomial($0.zeros([1, 3, 4]), into: $0.zeros([1, 3, 4]), a: 1, b: 1, c: 1)
    },
    WrongCall("normalizeMatrices: [3] is not one value per matrix of [2, 3, 4]") {
      try $0.normalizeMatrices($0.zeros([2, 3, 4]), squaredNorm: $0.zeros([3]), epsilon: 1)
    },
  ]

  private static let samples = [
    WrongCall(
      "sample: logits [1, 3, 9], keys [1, 2], positions [1, 2] and output [1, 3] do not fit"
    ) { try sample($0, positions: [1, 2]) },
    WrongCall("sample: keys, positions, places and output are not all int32") {
      try sample($0, keys: .float32)
    },
    WrongCall("sample: temperature -1.0 is below 0") { try sample($0, temperature: -1) },
  ]

  private static func sample(
    _ backend: any Backend, positions: Shape = [1, 3], keys: ElementType = .int32,
    temperature: Float = 1
  ) throws {
    try backend.sample(
      backend.zeros([1, 3, 9]), temperature: temperature, keys: backend.zeros([1, 2], keys),
      positions: backend.zeros(positions, .int32), into: backend.zeros([1, 3], .int32))
  }
}
