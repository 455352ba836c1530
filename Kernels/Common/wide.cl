// Vectors of 8 or 16 lanes, for kernels in which one work-item uses a whole vector unit.

#if LANES == 8
typedef float8 vector;
typedef int8 integer_vector;
#define as_integer_vector as_int8
#define as_vector as_float8
#else
typedef float16 vector;
typedef int16 integer_vector;
#define as_integer_vector as_int16
#define as_vector as_float16
#endif

// e^x for x <= 88: the bytes of exponential, with fewer operations. The difference is in results below 2^-126,
// which are subnormal: they are 0 here, as they are everywhere with -cl-denorms-are-zero. At n = -127 the bits of
// the factor 2^n are those of 0. The shift's own bits fall out at the upper end.
INLINE vector exponential_to_88(const vector x)
{
  const vector y = x < (vector)(-88.0f) ? (vector)(-88.0f) : x;
  SPLIT_EXPONENTIAL(vector, y, (vector)(0x1.8p23f), shifted, p)
  const integer_vector factor = (as_integer_vector(shifted) << 23) + (127 << 23);
  return p * as_vector(factor);
}

// The larger number; y if either is NaN. It is one instruction of a processor, and fmax is three.
INLINE vector larger(const vector x, const vector y) { return x > y ? x : y; }

// Vectors at any address of a float. The type says so itself, because some implementations make two
// moves of vload8 and vstore8.
typedef vector loose_vector __attribute__((aligned(4)));
#define LOAD_AND_STORE(space) \
  INLINE __attribute__((overloadable)) vector vector_load(const space float *p) \
  { return *(const space loose_vector *)p; } \
  INLINE __attribute__((overloadable)) void vector_store(const vector x, space float *p) \
  { *(space loose_vector *)p = x; }
LOAD_AND_STORE(__global)
LOAD_AND_STORE(__local)
LOAD_AND_STORE(__private)

// Brings the cache line of an address near. OpenCL's prefetch() does nothing on some processors. But Mesa ends
// the program where its translation to SPIR-V meets the built-in function of the compiler. Of the names of this
// target Mesa defines __SPIR64__ only; Intel's compiler defines __SPIR__ too, and takes the built-in function.
// Oclgrind lacks the compiler's function, so it is given BUILT_IN_PREFETCH.
INLINE void prefetch_line(const __global float *p)
{
#if defined(BUILT_IN_PREFETCH) || (defined(__SPIR64__) && !defined(__SPIR__))
  prefetch(p, 1);
#else
  __builtin_prefetch((const void *)(size_t)p);
#endif
}

// Transposes a square of LANES vectors. Loops have to be unrolled: the compilers keep the vectors in memory
// otherwise.
#if LANES == 16
INLINE vector zip_low(vector a, vector b)
{
  return (vector)(a.s0, b.s0, a.s1, b.s1, a.s2, b.s2, a.s3, b.s3,
                  a.s4, b.s4, a.s5, b.s5, a.s6, b.s6, a.s7, b.s7);
}
INLINE vector zip_high(vector a, vector b)
{
  return (vector)(a.s8, b.s8, a.s9, b.s9, a.sa, b.sa, a.sb, b.sb,
                  a.sc, b.sc, a.sd, b.sd, a.se, b.se, a.sf, b.sf);
}

// Row i is interleaved with row i + LANES / 2, log2(LANES) times.
INLINE void transpose(vector *x)
{
#pragma unroll
  for (int step = 0; step < 4; ++step) {
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
// Squares of 1, then of 2, then of 4 floats change places. The first two steps do not cross the halves of a
// vector, so AVX2 has one instruction for each result.
INLINE void transpose(vector *x)
{
  vector y[LANES];
#pragma unroll
  for (int i = 0; i < LANES; i += 2) {
    const vector a = x[i], b = x[i + 1];
    y[i] = (vector)(a.s0, b.s0, a.s1, b.s1, a.s4, b.s4, a.s5, b.s5);
    y[i + 1] = (vector)(a.s2, b.s2, a.s3, b.s3, a.s6, b.s6, a.s7, b.s7);
  }
#pragma unroll
  for (int n = 0; n < LANES / 2; ++n) {
    const int i = n / 2 * 4, j = n % 2;
    const vector a = y[i + j], b = y[i + j + 2];
    x[i + 2 * j] = (vector)(a.s01, b.s01, a.s45, b.s45);
    x[i + 2 * j + 1] = (vector)(a.s23, b.s23, a.s67, b.s67);
  }
#pragma unroll
  for (int i = 0; i < LANES / 2; ++i) {
    const vector a = x[i], b = x[i + 4];
    x[i] = (vector)(a.lo, b.lo);
    x[i + 4] = (vector)(a.hi, b.hi);
  }
}
#endif

// The number of each lane, as a float to compare with.
#if LANES == 8
#define LANE_NUMBERS (float8)(0, 1, 2, 3, 4, 5, 6, 7)
#else
#define LANE_NUMBERS (float16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#endif

#ifdef D
// Loads rows of D elements as vectors over rows: lane i of x[d] is rows[first + i][d]. The last row
// is repeated.
INLINE void load_columns(const __global float *rows, const int stride, const int first,
    const int count, vector *x)
{
  int d = 0;
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
  for (; d < D; ++d) {
    float lane[LANES];
    for (int i = 0; i < LANES; ++i)
      lane[i] = rows[(ulong)min(first + i, count - 1) * stride + d];
    x[d] = vector_load(lane);
  }
}

// Stores vectors over rows: rows up to length from x times scale, then zeros up to count.
INLINE void store_columns(const vector *x, const vector scale, __global float *rows,
    const int stride, const int first, const int length, const int count)
{
  int d = 0;
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
  for (; d < D; ++d) {
    float lane[LANES];
    vector_store(x[d] * scale, lane);
    for (int i = 0; i < LANES && first + i < count; ++i)
      rows[(ulong)(first + i) * stride + d] = first + i < length ? lane[i] : 0.0f;
  }
}

// Loads one number per row: lane i is row[first + i]. The last number is repeated.
INLINE vector load_lanes(const __global float *row, const int first, const int count)
{
  float lane[LANES];
  for (int i = 0; i < LANES; ++i)
    lane[i] = row[min(first + i, count - 1)];
  return vector_load(lane);
}

INLINE void store_lanes(const vector x, __global float *row, const int first, const int length,
    const int count)
{
  float lane[LANES];
  vector_store(x, lane);
  for (int i = 0; i < LANES && first + i < count; ++i)
    row[first + i] = first + i < length ? lane[i] : 0.0f;
}
#endif
