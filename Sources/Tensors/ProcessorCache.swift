/// The last-level cache of a processor device.
public enum ProcessorCache {
  /// The bytes of a training step's activations with which cohorts of small models were fastest: a
  /// little more than the cache.
  ///
  /// A virtual machine reports the whole cache of its host, of which its processors get a part. So at
  /// most 16 MiB per processor are counted, which is the share of a core on processors with large
  /// caches. 16 MiB are counted where the cache is unknown.
  ///
  /// - Parameters:
  ///   - cache: bytes of the last-level cache; 0 or less if unknown.
  ///   - processors: the processors that the device has.
  public static func workingSet(cache: Int, processors: Int) -> Int {
    let share = 1 << 24
    return max(share, min(cache, processors * share)) * 9 / 4
  }
}
