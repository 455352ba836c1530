/// A 64-bit hash of UTF-8 text that is the same on every machine and in every release.
///
/// FNV-1a (Fowler, Noll & Vo; draft-eastlake-fnv) followed by MurmurHash3's finalizer `fmix64`
/// (Appleby). FNV-1a alone will not do: the low bits of its result depend only on the low bits of
/// the text, and the split into training and held-out requests is a residue.
public func textHash(_ text: some Sequence<UInt8>) -> UInt64 {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in text {
    hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
  }
  hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
  hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
  return hash ^ (hash >> 33)
}
