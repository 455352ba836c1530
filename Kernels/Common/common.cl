// Common text that precedes every kernel of this package when it is compiled.
//
// Shape letters: R replicas, B batch, T positions, C channels, H heads, D head width, F feed-forward
// width, V vocabulary; matrices M, N, K. A tensor argument is a pointer, the offset of replica 0 and
// the distance between replicas, in elements: block r begins at offset + r * stride.

// No contraction: if a product and a sum are one operation the source says fma, so every compiler
// rounds at the same points.
#pragma OPENCL FP_CONTRACT OFF

// A device without fma in hardware rounds the product and then the sum. It does not get mad, which may round once or
// twice: Intel's CPU compiler does one in some kernels and the other in others, so bytes depended on the kernel.
#ifdef WITHOUT_FMA
#undef fma
#define fma(x, y, z) ((x) * (y) + (z))
#endif

#define FLOATS(name) \
  __global float *name, const ulong name##_offset, const ulong name##_stride
#define INTEGERS(name) \
  __global int *name, const ulong name##_offset, const ulong name##_stride
#define BLOCK(name, r) (name + name##_offset + (ulong)(r) * name##_stride)

// Live rows: in a ragged batch only the first live[r] rows of a replica have values, and kernels
// compute only these rows. Without has_live all rows have values, and live is not a tensor of
// counts.
#define LIVE INTEGERS(live), const int has_live
#define LIVE_ROWS(r, all) (has_live ? min(*BLOCK(live, r), (int)(all)) : (all))

// Private arrays become registers only if the functions that take them are inlined.
#define INLINE static inline __attribute__((always_inline))

// The tile of a product that a work-group computes, its replica and its part of the sum (split-K).
// Groups are numbered along one dimension, the long one of a GPU's grid, because the limit of the
// others can be 65,535. The order is columns first, then rows: neighbours share rows of left.
// Long products are launched in parts: first_group is the number of the part's first group.
typedef struct { int n0, m0, r, part; } place;
INLINE place place_of_group(const int N, const int tile_n, const int M, const int tile_m,
    const int splits, const int first_group)
{
  const int columns = (N + tile_n - 1) / tile_n, rows = (M + tile_m - 1) / tile_m;
  const int tile = first_group + (int)get_group_id(0), block = tile / columns / rows;
  const place p = {tile % columns * tile_n, tile / columns % rows * tile_m, block / splits,
                   block % splits};
  return p;
}

// Lanes of one vector: 1 on devices whose compiler maps work-items to lanes (GPUs), 8 or 16 on
// devices where one work-item uses a whole vector unit (CPUs).
#ifndef LANES
#define LANES 8
#endif

// A team: the work-items of a group that share a row. On GPUs, with one lane per item, a team reads
// neighbouring elements. On CPUs a team is one item, with vectors of eight.
// TEAM_GROUP says the size of the group before the compilation, so that barriers of a group that is
// one wave cost little or nothing. A team has the width of a wave: 32, or 64 where -DTEAM=64 is given.
#if LANES == 1
#ifndef TEAM
#define TEAM 32
#endif
#define TEAM_GROUP __attribute__((reqd_work_group_size(TEAM, 1, 1)))
#define TEAM_MEMBER (int)get_local_id(0)
#define TEAM_NUMBER (int)get_group_id(0)
#define TEAM_SCRATCH __local float team_scratch[TEAM] __attribute__((aligned(64)))
#define team_sum(x) sum_of_team(x, team_scratch)
#define team_max(x) max_of_team(x, team_scratch)
#else
#define TEAM 1
#define TEAM_GROUP
#define TEAM_MEMBER 0
#define TEAM_NUMBER (int)get_global_id(0)
#define TEAM_SCRATCH
#define team_sum(x) (x)
#define team_max(x) (x)
#endif

// The elements of a flat operation that a work-item computes: from FLAT_BEGIN up to FLAT_END, in steps of FLAT_STEP.
// On CPUs an item has neighbouring elements. On GPUs the elements of an item are a group's width apart, so that
// neighbouring items read neighbouring elements.
#if TEAM > 1
#define FLAT_BEGIN(each) ((ulong)get_group_id(0) * get_local_size(0) * (each) + get_local_id(0))
#define FLAT_END(each, count) \
  min(((ulong)get_group_id(0) + 1) * get_local_size(0) * (each), (ulong)(count))
#define FLAT_STEP get_local_size(0)
#else
#define FLAT_BEGIN(each) ((ulong)get_global_id(0) * (each))
#define FLAT_END(each, count) min(FLAT_BEGIN(each) + (each), (ulong)(count))
#define FLAT_STEP 1
#endif

// The number of elements of a row of count elements that are processed eight at a time.
#define WIDE(count) (TEAM == 1 ? (count) / 8 * 8 : 0)

#ifdef D
// The sequences of a batch (R, B, T) are padded to T positions or stored in live rows. In live rows
// sequence b begins at row starts[b] and ends after its length. The macros use the kernels'
// variables r and b.
#define SEQUENCES INTEGERS(lengths), INTEGERS(starts), const int has_starts
#define SEQUENCE_START (has_starts ? (ulong)BLOCK(starts, r)[b] : (ulong)b * T)
#define SEQUENCE_END (has_starts ? BLOCK(lengths, r)[b] : T)
#endif

// The sum of eight lanes, as a fixed tree.
INLINE float sum8(float8 x)
{
  const float4 y = x.lo + x.hi;
  const float2 z = y.lo + y.hi;
  return z.x + z.y;
}

INLINE float max8(float8 x)
{
  const float4 y = fmax(x.lo, x.hi);
  const float2 z = fmax(y.lo, y.hi);
  return fmax(z.x, z.y);
}

#if TEAM > 1
// Stores every member's number in local memory, so that every member can read it.
INLINE void share(const float x, __local float *scratch)
{
  barrier(CLK_LOCAL_MEM_FENCE);
  scratch[TEAM_MEMBER] = x;
  barrier(CLK_LOCAL_MEM_FENCE);
}

// The sum of a team's numbers. Every member computes the same fixed tree, so two barriers are
// enough.
INLINE float sum_of_team(const float x, __local float *scratch)
{
  share(x, scratch);
  float8 sum = vload8(0, scratch) + vload8(1, scratch) + (vload8(2, scratch) + vload8(3, scratch));
#if TEAM == 64
  sum += vload8(4, scratch) + vload8(5, scratch) + (vload8(6, scratch) + vload8(7, scratch));
#endif
  return sum8(sum);
}

INLINE float max_of_team(const float x, __local float *scratch)
{
  share(x, scratch);
  float8 most = fmax(fmax(vload8(0, scratch), vload8(1, scratch)),
                     fmax(vload8(2, scratch), vload8(3, scratch)));
#if TEAM == 64
  most = fmax(most, fmax(fmax(vload8(4, scratch), vload8(5, scratch)),
                         fmax(vload8(6, scratch), vload8(7, scratch))));
#endif
  return max8(most);
}
#endif

// Without fma the products of n, of at most 8 bits, must be exact before they are subtracted: the larger part of ln 2
// has 15 bits then.
#ifdef WITHOUT_FMA
#define LN2_LARGE 0x1.62e4p-1f
#define LN2_SMALL 0x1.7f7d1cp-20f
#else
#define LN2_LARGE 0x1.62e430p-1f
#define LN2_SMALL -0x1.05c610p-29f
#endif

// e^y = 2^n p: n is in the low bits of shifted.
#define SPLIT_EXPONENTIAL(F, y, shift, shifted, p) \
  const F shifted = fma(y, (F)(0x1.715476p0f), shift); \
  const F n = shifted - shift; \
  const F rest = fma(n, (F)(-LN2_SMALL), fma(n, (F)(-LN2_LARGE), y)); \
  F p = fma(rest, (F)(1.0f / 5040.0f), (F)(1.0f / 720.0f)); \
  p = fma(rest, p, (F)(1.0f / 120.0f)); \
  p = fma(rest, p, (F)(1.0f / 24.0f)); \
  p = fma(rest, p, (F)(1.0f / 6.0f)); \
  p = fma(rest, p, (F)(0.5f)); \
  p = fma(rest, p, (F)(1.0f)); \
  p = fma(rest, p, (F)(1.0f));

// e^x within 2 ulp; 0 for -infinity, infinity above 88.73, NaN for NaN. It replaces the driver's
// function, so that a model's bytes do not depend on a driver's library. Twin, with the derivation:
// Sources/TensorsCPU/Exponential.swift
#define EXPONENTIAL(name, F, I) \
INLINE F name(const F x) \
{ \
  const F below = x > (F)(89.0f) ? (F)(89.0f) : x; \
  const F y = below < (F)(-104.0f) ? (F)(-104.0f) : below; \
  const F shift = 0x1.8p23f; \
  SPLIT_EXPONENTIAL(F, y, shift, shifted, p) \
  const I exponent = as_##I(shifted) - as_##I(shift); \
  const I lower = exponent >> 1; \
  return p * as_##F((lower + 127) << 23) * as_##F((exponent - lower + 127) << 23); \
}
EXPONENTIAL(exponential, float, int)
EXPONENTIAL(exponential4, float4, int4)
EXPONENTIAL(exponential8, float8, int8)

// SwiGLU (swiglu.cl) and its gradient (swiglu_gradient.cl), for them and for products that end with them.
#define SWIGLU(x, u, exponential) (x / (1.0f + exponential(-x)) * u)
#define SWIGLU_GRADIENT(T, exponential, x, u, g, dx, du) { \
  const T e = exponential(-fabs(x)); \
  const T larger = 1.0f / (1.0f + e), smaller = e * larger; \
  const T s = x < 0.0f ? smaller : larger, rest = x < 0.0f ? larger : smaller; \
  dx = g * u * s * (1.0f + x * rest); \
  du = g * x * s; }

// Philox 4x32-10 (Salmon et al. 2011). Twin: Sources/Tensors/Philox.swift
INLINE uint4 philox(uint2 key, uint4 c)
{
  for (int round = 0; round < 10; ++round) {
    const uint high0 = mul_hi(0xD2511F53u, c.x), low0 = 0xD2511F53u * c.x;
    const uint high1 = mul_hi(0xCD9E8D57u, c.z), low1 = 0xCD9E8D57u * c.z;
    c = (uint4)(high1 ^ c.y ^ key.x, low1, high0 ^ c.w ^ key.y, low0);
    key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}
