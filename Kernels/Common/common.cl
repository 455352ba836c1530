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
