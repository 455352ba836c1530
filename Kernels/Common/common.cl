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

#if LANES == 1
typedef float vector;
#define vector_load(p) (*(p))
#define vector_store(x, p) (*(p) = (x))
#elif LANES == 8
typedef float8 vector;
#define vector_load(p) vload8(0, p)
#define vector_store(x, p) vstore8(x, 0, p)
#else
typedef float16 vector;
#define vector_load(p) vload16(0, p)
#define vector_store(x, p) vstore16(x, 0, p)
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

// A square of LANES vectors transposed: interleaving row i with row i + LANES / 2, log2(LANES) times
// over, is a transposition.
#if LANES == 16
inline vector zip_low(vector a, vector b)
{
  return (vector)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3,
                  a.s4, b.s4, a.s5, b.s5, a.s6, b.s6, a.s7, b.s7);
}
inline vector zip_high(vector a, vector b)
{
  return (vector)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb,
                  a.sc, b.sc, a.sd, b.sd, a.se, b.se, a.sf, b.sf);
}
#elif LANES == 8
inline vector zip_low(vector a, vector b)
{
  return (vector)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3);
}
inline vector zip_high(vector a, vector b)
{
  return (vector)(a.s4, b.s4, a.s5, b.s5, a.s6, b.s6, a.s7, b.s7);
}
#endif

#if LANES > 1
inline void transpose(vector *x)
{
  for (int width = LANES; width > 1; width /= 2) {
    vector y[LANES];
#pragma unroll
    for (int i = 0; i < LANES / 2; ++i) {
      y[2 * i] = zip_low(x[i], x[i + LANES / 2]);
      y[2 * i + 1] = zip_high(x[i], x[i + LANES / 2]);
    }
#pragma unroll
    for (int i = 0; i < LANES; ++i)
      x[i] = y[i];
  }
}
#else
inline void transpose(vector *x) {}
#endif

// The number of each lane, as a float to compare with.
#if LANES == 1
#define LANE_NUMBERS 0.0f
#elif LANES == 8
#define LANE_NUMBERS (float8)(0, 1, 2, 3, 4, 5, 6, 7)
#else
#define LANE_NUMBERS (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#endif

#ifdef D
// The sequences of a batch (R, B, T): padded to T positions, or in live rows, where sequence b begins at
// row starts[b] and ends with its length. Both are of (r, b), as the kernels name them.
#define SEQUENCES INTEGERS(lengths), INTEGERS(starts), const int has_starts
#define SEQUENCE_START (has_starts ? (ulong)BLOCK(starts, r)[b] : (ulong)b * T)
#define SEQUENCE_END (has_starts ? BLOCK(lengths, r)[b] : T)

// Rows of D as vectors over rows: lane i of x[d] is rows[first + i][d], the last row repeated.
inline void load_columns(const __global float *rows, const int stride, const int first,
    const int count, vector *x)
{
  int d = 0;
#if LANES > 1
  for (; d + LANES <= D; d += LANES) {
    vector y[LANES];
#pragma unroll
    for (int i = 0; i < LANES; ++i)
      y[i] = vector_load(rows + (ulong)min(first + i, count - 1) * stride + d);
    transpose(y);
#pragma unroll
    for (int i = 0; i < LANES; ++i)
      x[d + i] = y[i];
  }
#endif
  for (; d < D; ++d) {
    float lane[LANES];
    for (int i = 0; i < LANES; ++i)
      lane[i] = rows[(ulong)min(first + i, count - 1) * stride + d];
    x[d] = vector_load(lane);
  }
}

// The other way: rows up to length from x times scale, zeros from there up to count.
inline void store_columns(const vector *x, const vector scale, __global float *rows,
    const int stride, const int first, const int length, const int count)
{
  int d = 0;
#if LANES > 1
  for (; d + LANES <= D; d += LANES) {
    vector y[LANES];
#pragma unroll
    for (int i = 0; i < LANES; ++i)
      y[i] = x[d + i] * scale;
    transpose(y);
#pragma unroll
    for (int i = 0; i < LANES; ++i)
      if (first + i < count)
        vector_store(first + i < length ? y[i] : (vector)(0.0f),
                     rows + (ulong)(first + i) * stride + d);
  }
#endif
  for (; d < D; ++d) {
    float lane[LANES];
    vector_store(x[d] * scale, lane);
    for (int i = 0; i < LANES && first + i < count; ++i)
      rows[(ulong)(first + i) * stride + d] = first + i < length ? lane[i] : 0.0f;
  }
}

// One number per row: lane i is row[first + i], the last one repeated.
inline vector load_lanes(const __global float *row, const int first, const int count)
{
  float lane[LANES];
  for (int i = 0; i < LANES; ++i)
    lane[i] = row[min(first + i, count - 1)];
  return vector_load(lane);
}

inline void store_lanes(const vector x, __global float *row, const int first, const int length,
    const int count)
{
  float lane[LANES];
  vector_store(x, lane);
  for (int i = 0; i < LANES && first + i < count; ++i)
    row[first + i] = first + i < length ? lane[i] : 0.0f;
}
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
#if LANES == 1
#define exponential_lanes exponential
#elif LANES == 8
#define exponential_lanes exponential8
#else
EXPONENTIAL(exponential_lanes, float16, int16)
#endif

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
