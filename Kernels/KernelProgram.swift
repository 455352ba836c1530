import Text

/// An OpenCL C program of this package: one case per file, named after its kernel.
public enum KernelProgram: String, CaseIterable, Sendable {
  // Attention
  case attentionDecode = "attention_decode"
  case attentionDecodeLocal = "attention_decode_local"
  case attentionForward = "attention_forward"
  case attentionForwardLocal = "attention_forward_local"
  case attentionGradientKey = "attention_gradient_key"
  case attentionGradientKeyLocal = "attention_gradient_key_local"
  case attentionGradientQuery = "attention_gradient_query"
  case attentionGradientQueryLocal = "attention_gradient_query_local"
  case cacheStore = "cache_store"
  case rotary = "rotary"

  // Common
  case sumBlocks = "sum_blocks"
  case sumParts = "sum_parts"

  // Elementwise
  case add = "add"
  case roundToBFloat16 = "round_to_bfloat16"
  case swiGLU = "swiglu"
  case swiGLUGradient = "swiglu_gradient"

  // Embedding
  case embedding = "embedding"
  case embeddingGradient = "embedding_gradient"

  // Loss
  case tokenLogProbabilities = "token_log_probabilities"
  case tokenLogProbabilitiesGradient = "token_log_probabilities_gradient"
  case weightedSum = "weighted_sum"
  case weightedSumGradient = "weighted_sum_gradient"

  // Matrix
  case matmulLocal = "matmul_local"
  case matmulMatrixUnits = "matmul_matrix_units"
  case matmulRowsLocal = "matmul_rows_local"
  case matmulTile = "matmul_tile"

  // Normalization
  case rmsNorm = "rms_norm"
  case rmsNormGradient = "rms_norm_gradient"

  // Optimizer
  case adamW = "adamw"
  case addPolynomial = "add_polynomial"
  case gateUpdate = "gate_update"
  case muonMomentum = "muon_momentum"
  case muonUpdate = "muon_update"
  case normalizeMatrices = "normalize_matrices"
  case sgd = "sgd"

  // Sampling
  case sample = "sample"

  /// The name of the one kernel in the program, and of its file.
  public var kernelName: String { rawValue }

  /// The program's text, preceded by `common.cl` and by the file that several kernels share.
  /// `#line` makes build logs count lines from the top of the file.
  public var source: String {
    String(decoding: PackageResources.common_cl + shared, as: UTF8.self)
      + "#line 1 \"\(rawValue).cl\"\n" + String(decoding: bytes, as: UTF8.self)
  }

  private var shared: [UInt8] {
    switch self {
    case .attentionDecode, .attentionForward, .attentionGradientKey, .attentionGradientQuery,
      .matmulTile:
      PackageResources.wide_cl
    case .attentionForwardLocal, .attentionGradientKeyLocal, .attentionGradientQueryLocal:
      PackageResources.attention_blocks_cl
    case .matmulMatrixUnits: PackageResources.matrix_units_cl
    case .tokenLogProbabilities, .tokenLogProbabilitiesGradient: PackageResources.loss_gradient_cl
    default: []
    }
  }

  private var bytes: [UInt8] {
    switch self {
    case .attentionDecode: PackageResources.attention_decode_cl
    case .attentionDecodeLocal: PackageResources.attention_decode_local_cl
    case .attentionForward: PackageResources.attention_forward_cl
    case .attentionForwardLocal: PackageResources.attention_forward_local_cl
    case .attentionGradientKey: PackageResources.attention_gradient_key_cl
    case .attentionGradientKeyLocal: PackageResources.attention_gradient_key_local_cl
    case .attentionGradientQuery: PackageResources.attention_gradient_query_cl
    case .attentionGradientQueryLocal: PackageResources.attention_gradient_query_local_cl
    case .cacheStore: PackageResources.cache_store_cl
    case .rotary: PackageResources.rotary_cl
    case .sumBlocks: PackageResources.sum_blocks_cl
    case .sumParts: PackageResources.sum_parts_cl
    case .add: PackageResources.add_cl
    case .roundToBFloat16: PackageResources.round_to_bfloat16_cl
    case .swiGLU: PackageResources.swiglu_cl
    case .swiGLUGradient: PackageResources.swiglu_gradient_cl
    case .embedding: PackageResources.embedding_cl
    case .embeddingGradient: PackageResources.embedding_gradient_cl
    case .tokenLogProbabilities: PackageResources.token_log_probabilities_cl
    case .tokenLogProbabilitiesGradient: PackageResources.token_log_probabilities_gradient_cl
    case .weightedSum: PackageResources.weighted_sum_cl
    case .weightedSumGradient: PackageResources.weighted_sum_gradient_cl
    case .matmulLocal: PackageResources.matmul_local_cl
    case .matmulMatrixUnits: PackageResources.matmul_matrix_units_cl
    case .matmulRowsLocal: PackageResources.matmul_rows_local_cl
    case .matmulTile: PackageResources.matmul_tile_cl
    case .rmsNorm: PackageResources.rms_norm_cl
    case .rmsNormGradient: PackageResources.rms_norm_gradient_cl
    case .adamW: PackageResources.adamw_cl
    case .addPolynomial: PackageResources.add_polynomial_cl
    case .gateUpdate: PackageResources.gate_update_cl
    case .muonMomentum: PackageResources.muon_momentum_cl
    case .muonUpdate: PackageResources.muon_update_cl
    case .normalizeMatrices: PackageResources.normalize_matrices_cl
    case .sgd: PackageResources.sgd_cl
    case .sample: PackageResources.sample_cl
    }
  }

  /// A digest of every program's text (FNV-1a, 64 bits, 16 hexadecimal digits). A run records it.
  public static var digest: String {
    let hash = FNV1a.hash64(allCases.lazy.flatMap { Array($0.source.utf8) })
    let text = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}
