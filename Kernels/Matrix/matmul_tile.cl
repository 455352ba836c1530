// Product of matrices for devices where one work-item has a core's vector unit to itself (CPUs).
//
//   output[r,m,n] = sum over k of left[r,m,k] * right[r,k,n]  (+ addend[r,m,n])
//
// left     element (m, k) at m * left_row + k * left_inner
// right    columns in panels of WIDTH = 2 * LANES: element (k, n0 + j) at n0 * right_panel
//          + k * right_inner + j; whole panels, padded by matmul_pack where N is not a multiple
// output, addend (R, M, N), row-major
// Launch: global (panels, ceil(M / rows_per_item), R), local (1, 1, 1).
//
// A work-item walks down one panel in tiles of 6 rows by WIDTH columns: 12 vector accumulators, two
// vectors of right and one broadcast of left fill the 16 registers of AVX2. They are named, not an
// array: compilers keep arrays in memory.
// k ascends with one fma per product into one accumulator per output, so no tile shape, device or
// batch can change a byte.

#define WIDTH (2 * LANES)

#define EACH_ROW(F) F(0) F(1) F(2) F(3) F(4) F(5)

#define DECLARE(i) \
  const __global float *a##i = left_r + (ulong)min(m + i, M - 1) * left_row; \
  vector low##i = 0.0f, high##i = 0.0f;

#define ACCUMULATE(i) { \
  const vector x = *a##i; \
  low##i = fma(x, b0, low##i); \
  high##i = fma(x, b1, high##i); \
  a##i += left_inner; }

#define STORE(i) if (m + i < M) { \
  const ulong at = (ulong)(m + i) * N + n; \
  if (whole) { \
    vector_store(adds ? low##i + vector_load(addend_r + at) : low##i, output_r + at); \
    vector_store(adds ? high##i + vector_load(addend_r + at + LANES) : high##i, \
                 output_r + at + LANES); \
  } else { \
    float row[WIDTH]; \
    vector_store(low##i, row); \
    vector_store(high##i, row + LANES); \
    for (int j = 0; n + j < N; ++j) \
      output_r[at + j] = adds ? row[j] + addend_r[at + j] : row[j]; \
  } }

__kernel void matmul_tile(FLOATS(left), FLOATS(right), FLOATS(addend), FLOATS(output),
    const int M, const int N, const int K, const int left_row, const int left_inner,
    const ulong right_panel, const int right_inner, const int adds, const int rows_per_item)
{
  const int n = (int)get_global_id(0) * WIDTH;
  const int first = (int)get_global_id(1) * rows_per_item;
  const int r = (int)get_global_id(2);
  const int end = min(first + rows_per_item, M);
  const bool whole = n + WIDTH <= N;
  const __global float *left_r = BLOCK(left, r);
  const __global float *panel = BLOCK(right, r) + (ulong)n * right_panel;
  const __global float *addend_r = BLOCK(addend, r);
  __global float *output_r = BLOCK(output, r);

  for (int m = first; m < end; m += 6) {
    const __global float *b = panel;
    EACH_ROW(DECLARE)
    for (int k = 0; k < K; ++k) {
      const vector b0 = vector_load(b), b1 = vector_load(b + LANES);
      b += right_inner;
      EACH_ROW(ACCUMULATE)
    }
    EACH_ROW(STORE)
  }
}
