import TestSupport
import Testing
import Transformers

/// Names, shapes, places and first values of parameters.
@Suite struct ParameterLayoutTests {
  static let configuration = ModelConfiguration(
    vocabularySize: 30, channels: 24, layers: 2, heads: 4, feedForwardWidth: 40)

  /// As Hugging Face's `LlamaForCausalLM` with tied embeddings names them, matrices (out, in),
  /// in the order in which they lie.
  static let expected: [(name: String, shape: [Int])] = [
    ("model.embed_tokens.weight", [30, 24]),
    ("model.layers.0.self_attn.q_proj.weight", [24, 24]),
    ("model.layers.0.self_attn.k_proj.weight", [24, 24]),
    ("model.layers.0.self_attn.v_proj.weight", [24, 24]),
    ("model.layers.0.self_attn.o_proj.weight", [24, 24]),
    ("model.layers.0.mlp.gate_proj.weight", [40, 24]),
    ("model.layers.0.mlp.up_proj.weight", [40, 24]),
    ("model.layers.0.mlp.down_proj.weight", [24, 40]),
    ("model.layers.1.self_attn.q_proj.weight", [24, 24]),
    ("model.layers.1.self_attn.k_proj.weight", [24, 24]),
    ("model.layers.1.self_attn.v_proj.weight", [24, 24]),
    ("model.layers.1.self_attn.o_proj.weight", [24, 24]),
    ("model.layers.1.mlp.gate_proj.weight", [40, 24]),
    ("model.layers.1.mlp.up_proj.weight", [40, 24]),
    ("model.layers.1.mlp.down_proj.weight", [24, 40]),
    ("model.layers.0.input_layernorm.weight", [24]),
    ("model.layers.0.post_attention_layernorm.weight", [24]),
    ("model.layers.1.input_layernorm.weight", [24]),
    ("model.layers.1.post_attention_layernorm.weight", [24]),
    ("model.norm.weight", [24]),
  ]

  @Test func namesShapesAndOrder() {
    let layout = ParameterLayout(Self.configuration)
    #expect(layout.entries.map(\.name) == Self.expected.map(\.name))
    #expect(layout.entries.map(\.shape) == Self.expected.map(\.shape))
  }

  @Test func entriesFollowEachOtherWithoutGaps() {
    let layout = ParameterLayout(Self.configuration)
    var offset = 0
    for (entry, expected) in zip(layout.entries, Self.expected) {
      #expect(entry.offset == offset, "\(entry.name)")
      #expect(entry.count == expected.shape.reduce(1, *))
      offset += entry.count
    }
    #expect(layout.count == offset)
  }

  /// 30·24 + 2 (4·24·24 + 3·24·40) matrices, then 2·2·24 + 24 in norms.
  @Test func countsAreThoseOfTheArchitecture() {
    let layout = ParameterLayout(Self.configuration)
    #expect(layout.decayed == 720 + 2 * (2304 + 2880))
    #expect(layout.count == 11088 + 120)
    #expect(Self.configuration.parameters == 11208)
    #expect(Self.configuration.nonEmbeddingParameters == 11208 - 720)
    #expect(Self.configuration.headWidth == 6)
    #expect(Self.configuration.trainingFlopsPerPosition == 62928)
  }

  /// The output matrix lies behind the other matrices, decays with them, and moves nothing of what a
  /// tied model of the seed begins with.
  @Test func anOutputMatrixOfItsOwn() {
    var configuration = Self.configuration
    configuration.tiesEmbeddings = false
    let (layout, tied) = (ParameterLayout(configuration), ParameterLayout(Self.configuration))
    #expect(
      layout.entries.map(\.name)
        == Self.expected[..<15].map(\.name) + ["lm_head.weight"] + Self.expected[15...].map(\.name))
    #expect(layout.entries[15].shape == [30, 24])
    #expect(layout.decayed == tied.decayed + 720)
    #expect(layout.count == 11208 + 720)
    #expect(configuration.parameters == 11208 + 720)
    #expect(configuration.nonEmbeddingParameters == 11208 - 720)
    let values = layout.initialValues(seed: 7)
    #expect(values[..<tied.decayed] == tied.initialValues(seed: 7)[..<tied.decayed])
    let output = values[tied.decayed..<layout.decayed].map { Double($0) }
    let variance = output.reduce(0) { $0 + $1 * $1 } / 720
    // 1/C within five standard errors.
    #expect(abs(variance * 24 - 1) < 5 * (2.0 / 720).squareRoot())
  }

  // MARK: Initial values

  /// The first four values of three matrices: embedding, an output projection, the last matrix.
  ///
  /// Made by this program (Python 3), an implementation of its own of Philox 4x32-10 and Box-Muller:
  /// ```
  /// import math, struct
  /// def philox(counter, key):
  ///     c0, c1, c2, c3 = counter
  ///     k0, k1 = key
  ///     for _ in range(10):
  ///         a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
  ///         c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ c3 ^ k1, a & 0xFFFFFFFF
  ///         k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
  ///     return c0, c1, c2, c3
  /// def normals(seed, index, deviation):
  ///     words = philox((0, index, 0, 1), (seed & 0xFFFFFFFF, seed >> 32))
  ///     w = [((x >> 8) + 0.5) / 2**24 for x in words]
  ///     for u, v in ((w[0], w[1]), (w[2], w[3])):
  ///         radius, angle = math.sqrt(-2 * math.log(u)), 2 * math.pi * v
  ///         for x in (radius * math.cos(angle), radius * math.sin(angle)):
  ///             yield struct.unpack("f", struct.pack("f", deviation * x))[0]
  /// for seed in (7, 0x0123456789ABCDEF):
  ///     for index, deviation in ((0, 0.5), (4, 24**-0.5 / 2), (14, 40**-0.5 / 2)):
  ///         print(seed, index, [float("%.9g" % x) for x in normals(seed, index, deviation)])
  /// ```
  static let golden: [UInt64: [Int: [Float]]] = [
    7: [
      0: [-0.279241413, 0.100552782, 0.422768712, 0.746255636],
      4: [0.0535566881, -0.0346782357, 0.0899092853, 0.00118155603],
      14: [0.00293089752, -0.152745083, 0.0445295498, 0.0511539988],
    ],
    0x0123_4567_89AB_CDEF: [
      0: [0.318789065, -0.00869610347, -0.192264199, 0.109967537],
      4: [-0.199673533, -0.00780863874, -0.0575483739, -0.0592652149],
      14: [0.0363411829, -0.0106859598, 0.0223420374, 0.0400934555],
    ],
  ]

  @Test(arguments: [7, 0x0123_4567_89AB_CDEF] as [UInt64])
  func initialValuesAreTheseNumbers(_ seed: UInt64) throws {
    let layout = ParameterLayout(Self.configuration)
    let values = layout.initialValues(seed: seed)
    for (index, expected) in try #require(Self.golden[seed]) {
      let start = layout.entries[index].offset
      // One unit in the last place for the C library's sine, cosine and logarithm.
      for (value, wanted) in zip(values[start..<start + 4], expected) {
        #expect(abs(value - wanted) <= wanted.ulp, "entry \(index)")
      }
    }
  }

  /// Mean 0 and the stated deviation, within five standard errors: σ/√n and σ/√(2n).
  @Test func initialValuesHaveTheStatedSpread() {
    let configuration = ModelConfiguration(channels: 96, layers: 3, heads: 4, feedForwardWidth: 160)
    let layout = ParameterLayout(configuration)
    let values = layout.initialValues(seed: 3)
    for entry in layout.entries {
      let part = values[entry.offset..<entry.offset + entry.count].map { Double($0) }
      guard entry.shape.count == 2 else {
        #expect(part.allSatisfy { $0 == 1 }, "\(entry.name)")
        continue
      }
      let writesIntoStream =
        entry.name.hasSuffix("o_proj.weight") || entry.name.hasSuffix("down_proj.weight")
      let inputs = entry.name.hasSuffix("down_proj.weight") ? 160.0 : 96
      let deviation =
        entry.name.contains("embed") ? 0.5 : 1 / (inputs * (writesIntoStream ? 6 : 1)).squareRoot()
      let n = Double(part.count)
      let mean = part.reduce(0, +) / n
      let spread = (part.reduce(0) { $0 + $1 * $1 } / n).squareRoot()
      #expect(abs(mean) < 5 * deviation / n.squareRoot(), "\(entry.name)")
      #expect(abs(spread - deviation) < 5 * deviation / (2 * n).squareRoot(), "\(entry.name)")
    }
  }

  @Test func initialValuesDependOnTheSeedAlone() {
    let layout = ParameterLayout(Self.configuration)
    let first = layout.initialValues(seed: 5)
    #expect(layout.initialValues(seed: 5) == first)
    let other = layout.initialValues(seed: 6)
    let same = (0..<layout.decayed).count { first[$0] == other[$0] }
    #expect(same < 3)
    // Matrices of one shape are not copies of each other.
    let (query, key) = (layout.entries[1], layout.entries[2])
    #expect(
      first[query.offset..<query.offset + query.count].elementsEqual(
        first[key.offset..<key.offset + key.count]) == false)
  }
}
