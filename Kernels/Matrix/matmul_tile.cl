// Product of matrices for devices where one work-item has a core's vector unit to itself (CPUs).
//
//   output[r,m,n] = sum over k of left[r,m,k] * right[r,k,n]  (+ addend[r,m,n])
//
// left     element (m, k) at m * left_row + k * left_inner
// right    columns in panels of WIDTH = 2 * LANES: element (k, n0 + j) at n0 * right_panel
//          + k * right_inner + j; whole panels, made by matmul_pack where N is not a multiple
// output, addend, partial (R, M, N), row-major; partial is output, or where K > BLOCK_INNER and
//          addend is output another tensor
// Launch: global (panels, ceil(M / rows_per_item), R), local (1, 1, 1).
//
// A work-item walks down one panel in tiles of rows by WIDTH columns. With 16 lanes a tile has 12
// rows: 24 vector accumulators, two vectors of right and a broadcast of left fit AVX-512's 32
// registers; with 8 lanes 6 rows fit AVX2's 16. They are named, not an array: compilers keep arrays
// in memory. k goes in blocks, so that a block of the panel stays in the first-level cache for all
// tiles; between blocks the accumulators rest in partial, which rounds nothing.
// k ascends with one fma per product into one accumulator per output, so no tile shape, device or
// batch can change a byte.

#define WIDTH (2 * LANES)
#define BLOCK_INNER 256

#if LANES == 16
#define ROWS 12
#define EACH_ROW(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11)
#else
#define ROWS 6
#define EACH_ROW(F) F(0) F(1) F(2) F(3) F(4) F(5)
#endif

// Columns from n on; past N they are made up and not stored.
inline void load_row(const __global float *row, const int columns, vector *low, vector *high)
{
  if (columns >= WIDTH) {
    *low = vector_load(row);
    *high = vector_load(row + LANES);
  } else {
    float copy[WIDTH];
    for (int j = 0; j < WIDTH; ++j)
      copy[j] = row[min(j, columns - 1)];
    *low = vector_load(copy);
    *high = vector_load(copy + LANES);
  }
}

inline void store_row(__global float *row, const int columns, const vector low, const vector high)
{
  if (columns >= WIDTH) {
    vector_store(low, row);
    vector_store(high, row + LANES);
  } else {
    float copy[WIDTH];
    vector_store(low, copy);
    vector_store(high, copy + LANES);
    for (int j = 0; j < columns; ++j)
      row[j] = copy[j];
  }
}

#define DECLARE(i) \
  const __global float *a##i = left_r + (ulong)min(m + i, M - 1) * left_row; \
  vector low##i = 0.0f, high##i = 0.0f; \
  if (k0 > 0) \
    load_row(partial_r + (ulong)min(m + i, M - 1) * N, N - n, &low##i, &high##i);

#define ACCUMULATE(i) { \
  const vector x = *a##i; \
  low##i = fma(x, b0, low##i); \
  high##i = fma(x, b1, high##i); \
  a##i += left_inner; }

#define STORE(i) if (m + i < M) { \
  const ulong at = (ulong)(m + i) * N; \
  if (adds && is_last) { \
    vector low, high; \
    load_row(addend_r + at, N - n, &low, &high); \
    low##i += low; \
    high##i += high; \
  } \
  store_row((is_last ? output_r : partial_r) + at, N - n, low##i, high##i); }

__kernel void matmul_tile(FLOATS(left), FLOATS(right), FLOATS(addend), FLOATS(output),
    FLOATS(partial), const int M, const int N, const int K, const int left_row,
    const int left_inner, const ulong right_panel, const int right_inner, const int adds,
    const int rows_per_item)
{
  const int n = (int)get_global_id(0) * WIDTH;
  const int first = (int)get_global_id(1) * rows_per_item;
  const int r = (int)get_global_id(2);
  const int end = min(first + rows_per_item, M);
  const __global float *panel = BLOCK(right, r) + (ulong)n * right_panel;
  const __global float *addend_r = BLOCK(addend, r) + n;
  __global float *output_r = BLOCK(output, r) + n, *partial_r = BLOCK(partial, r) + n;

  for (int k0 = 0; k0 < K; k0 += BLOCK_INNER) {
    const int depth = min(BLOCK_INNER, K - k0);
    const bool is_last = k0 + BLOCK_INNER >= K;
    const __global float *left_r = BLOCK(left, r) + (ulong)k0 * left_inner;
    for (int m = first; m < end; m += ROWS) {
      const __global float *b = panel + (ulong)k0 * right_inner;
      EACH_ROW(DECLARE)
      for (int k = 0; k < depth; ++k) {
        const vector b0 = vector_load(b), b1 = vector_load(b + LANES);
        b += right_inner;
        EACH_ROW(ACCUMULATE)
      }
      EACH_ROW(STORE)
    }
  }
}
