import Tensors
import Testing

/// The part of a cache that a device's processors have.
@Suite struct ProcessorCacheTests {
  @Test(arguments: [
    (cache: 0, processors: 2, counted: 16), (cache: 8, processors: 2, counted: 16),
    (cache: 32, processors: 2, counted: 32), (cache: 260, processors: 2, counted: 32),
    (cache: 256, processors: 64, counted: 256),
  ])
  func aShareIsCounted(_ megabytes: (cache: Int, processors: Int, counted: Int)) {
    let size = ProcessorCache.workingSet(
      cache: megabytes.cache << 20, processors: megabytes.processors)
    #expect(size == (megabytes.counted << 20) * 9 / 4)
  }
}
