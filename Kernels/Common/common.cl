// What every kernel of this package is compiled with, ahead of its own text.
//
// Shape letters: R replicas, B batch, T positions, C channels, H heads, D head width, F feed-forward
// width, V vocabulary; matrices M, N, K. A tensor argument is a pointer, the offset of replica 0 and
// the distance between replicas, in elements: block r begins at offset + r * stride.

// No contraction: where a product and a sum are one operation the source says fma, so that every
// compiler rounds at the same places.
#pragma OPENCL FP_CONTRACT OFF

#define FLOATS(name) \
  __global float *name, const ulong name##_offset, const ulong name##_stride
#define INTEGERS(name) \
  __global int *name, const ulong name##_offset, const ulong name##_stride
#define BLOCK(name, r) (name + name##_offset + (ulong)(r) * name##_stride)

// Live rows: in a ragged batch only the leading live[r] rows of a replica hold numbers, and only they
// are visited. Without has_live all do, and live is no tensor of counts.
#define LIVE INTEGERS(live), const int has_live
#define LIVE_ROWS(r, all) (has_live ? min(*BLOCK(live, r), (int)(all)) : (all))

// Private arrays become registers only where the functions that take them are dissolved.
#define INLINE static inline __attribute__((always_inline))

// Which tile of a product a work-group makes, and of which replica and part of the sum. Groups are
// numbered along one dimension, the long one of a GPU's grid: others may end at 65,535. Columns come
// first, then rows: neighbours share rows of left.
typedef struct { int n0, m0, r, part; } place;
INLINE place place_of_group(const int N, const int tile_n, const int M, const int tile_m,
    const int splits)
{
  const int columns = (N + tile_n - 1) / tile_n, rows = (M + tile_m - 1) / tile_m;
  const int tile = (int)get_group_id(0), block = tile / columns / rows;
  const place p = {tile % columns * tile_n, tile / columns % rows * tile_m, block / splits,
                   block % splits};
  return p;
}

// Lanes of one vector: 1 on devices whose compiler spreads work-items over lanes (GPUs), 8 or 16
// where one work-item has the vector unit to itself (CPUs).
#ifndef LANES
#define LANES 8
#endif

// A team: the work-items of a group that share a row where many items have one lane each, so that they
// read neighbouring elements. Elsewhere an item is a team of its own, with vectors of eight.
#if LANES == 1
#define TEAM 32
#define TEAM_MEMBER (int)get_local_id(0)
#define TEAM_NUMBER (int)get_group_id(0)
#define TEAM_SCRATCH __local float team_scratch[TEAM] __attribute__((aligned(64)))
#define team_sum(x) sum_of_team(x, team_scratch)
#define team_max(x) max_of_team(x, team_scratch)
#else
#define TEAM 1
#define TEAM_MEMBER 0
#define TEAM_NUMBER (int)get_global_id(0)
#define TEAM_SCRATCH
#define team_sum(x) (x)
#define team_max(x) (x)
#endif

// Of a row of so many elements, those that are taken eight at a time.
#define WIDE(count) (TEAM == 1 ? (count) / 8 * 8 : 0)

#ifdef D
// The sequences of a batch (R, B, T): padded to T positions, or in live rows, where sequence b begins at
// row starts[b] and ends with its length. Both are of (r, b), as the kernels name them.
#define SEQUENCES INTEGERS(lengths), INTEGERS(starts), const int has_starts
#define SEQUENCE_START (has_starts ? (ulong)BLOCK(starts, r)[b] : (ulong)b * T)
#define SEQUENCE_END (has_starts ? BLOCK(lengths, r)[b] : T)
#endif

// The sum of eight lanes, as a fixed tree.
inline float sum8(float8 x)
{
  const float4 y = x.lo + x.hi;
  const float2 z = y.lo + y.hi;
  return z.x + z.y;
}

inline float max8(float8 x)
{
  const float4 y = fmax(x.lo, x.hi);
  const float2 z = fmax(y.lo, y.hi);
  return fmax(z.x, z.y);
}

#if TEAM > 1
// Every member's number, where every member sees it.
inline void share(const float x, __local float *scratch)
{
  barrier(CLK_LOCAL_MEM_FENCE);
  scratch[TEAM_MEMBER] = x;
  barrier(CLK_LOCAL_MEM_FENCE);
}

// Of a team's numbers, as a fixed tree that every member goes through alone: two barriers in all.
inline float sum_of_team(const float x, __local float *scratch)
{
  share(x, scratch);
  return sum8(vload8(0, scratch) + vload8(1, scratch) + (vload8(2, scratch) + vload8(3, scratch)));
}

inline float max_of_team(const float x, __local float *scratch)
{
  share(x, scratch);
  return max8(fmax(fmax(vload8(0, scratch), vload8(1, scratch)),
                   fmax(vload8(2, scratch), vload8(3, scratch))));
}
#endif

// e^x within 2 ulp; 0 for -infinity, infinity above 88.73, NaN for NaN. Our own, so that a model's
// bytes do not depend on a driver's library. Twin, with the derivation:
// Sources/TensorsCPU/Exponential.swift
#define EXPONENTIAL(name, F, I) \
inline F name(const F x) \
{ \
  const F below = x > (F)(89.0f) ? (F)(89.0f) : x; \
  const F y = below < (F)(-104.0f) ? (F)(-104.0f) : below; \
  const F shift = 0x1.8p23f; \
  const F shifted = fma(y, (F)(0x1.715476p0f), shift); \
  const F n = shifted - shift; \
  const F r = fma(n, (F)(0x1.05c610p-29f), fma(n, (F)(-0x1.62e430p-1f), y)); \
  F p = fma(r, (F)(1.0f / 5040.0f), (F)(1.0f / 720.0f)); \
  p = fma(r, p, (F)(1.0f / 120.0f)); \
  p = fma(r, p, (F)(1.0f / 24.0f)); \
  p = fma(r, p, (F)(1.0f / 6.0f)); \
  p = fma(r, p, (F)(0.5f)); \
  p = fma(r, p, (F)(1.0f)); \
  p = fma(r, p, (F)(1.0f)); \
  const I exponent = as_##I(shifted) - as_##I(shift); \
  const I lower = exponent >> 1; \
  return p * as_##F((lower + 127) << 23) * as_##F((exponent - lower + 127) << 23); \
}
EXPONENTIAL(exponential, float, int)
EXPONENTIAL(exponential8, float8, int8)

// Philox 4x32-10 (Salmon et al. 2011). Twin: Sources/Tensors/Philox.swift
inline uint4 philox(uint2 key, uint4 c)
{
  for (int round = 0; round < 10; ++round) {
    const uint high0 = mul_hi(0xD2511F53u, c.x), low0 = 0xD2511F53u * c.x;
    const uint high1 = mul_hi(0xCD9E8D57u, c.z), low1 = 0xCD9E8D57u * c.z;
    c = (uint4)(high1 ^ c.y ^ key.x, low1, high0 ^ c.w ^ key.y, low0);
    key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}
