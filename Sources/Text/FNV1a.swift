/// FNV-1a (Fowler, Noll & Vo; RFC 9923): a hash that is the same on every machine and in every
/// release. It does not protect against deliberate collisions.
///
/// Splits of corpora, random streams and digests of kernels depend on its values.
public enum FNV1a {
  /// The 64-bit hash.
  public static func hash64(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }

  /// The 32-bit hash.
  public static func hash32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    bytes.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }

  /// The 64-bit hash with MurmurHash3's finalizer `fmix64` (Appleby) after it.
  ///
  /// The low bits of FNV-1a depend only on the low bits of the text, so a residue of `hash64` does
  /// not split texts into independent parts. A residue of `mixed64` does.
  public static func mixed64(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash = hash64(bytes)
    hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return hash ^ (hash >> 33)
  }
}
