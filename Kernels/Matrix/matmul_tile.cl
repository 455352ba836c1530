// Product of matrices for devices where one work-item has a core's vector unit to itself (CPUs).
//
//   output[r,m,n] = sum over k of left[r,m,k] * right[r,k,n]  (+ addend[r,m,n])
//
// left    element (m, k) at m * left_row + k * left_inner
// right   element (k, n) at k * right_inner + n * right_column
// output, addend, partial (R, M, N), row-major; partial is output, or where K > BLOCK_INNER and
//         addend is output another tensor
// live    (R): of a replica's M rows only so many are made where limits is 1; k goes over so many where
//         it is 2
// Launch: global (ceil(N / WIDTH), ceil(M / rows_per_item), R), local (1, 1, 1).
//
// A work-item makes rows_per_item x WIDTH outputs. k goes in blocks: it copies a block of its WIDTH
// columns to where they lie side by side and stay in the first-level cache, then walks down its rows
// in tiles. With 16 lanes a tile has 12 rows: 24 vector accumulators, two vectors of right and a
// broadcast of left fit AVX-512's 32 registers; with 8 lanes 6 rows fit AVX2's 16. They are named,
// not an array: compilers keep arrays in memory. Between blocks of k the accumulators rest in partial,
// which rounds nothing.
// k ascends with one fma per product into one accumulator per output, so no tile shape, device or
// batch can change a byte.

#define WIDTH (2 * LANES)
#ifndef BLOCK_INNER
#define BLOCK_INNER 256
#endif

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
    float copy[WIDTH] = {0.0f};
    int j = 0;
    for (; j + 8 <= columns; j += 8)
      vstore8(vload8(0, row + j), 0, copy + j);
    for (; j < columns; ++j)
      copy[j] = row[j];
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
    int j = 0;
    for (; j + 8 <= columns; j += 8)
      vstore8(vload8(0, copy + j), 0, row + j);
    for (; j < columns; ++j)
      row[j] = copy[j];
  }
}

// block[2k], block[2k + 1]: WIDTH columns of a row of right; those past N hold what lies behind, or
// repeat the last one. Where k is contiguous in memory, squares of LANES x LANES are transposed in
// registers.
//
// rows: how many rows from here on are followed by WIDTH elements of the matrix
inline void copy_block(const __global float *right, const int columns, const int rows,
    const int depth, const int right_inner, const int right_column, vector *block)
{
  int k = 0;
  if (right_column == 1) {
    for (; k < min(depth, rows); ++k) {
      block[2 * k] = vector_load(right + (ulong)k * right_inner);
      block[2 * k + 1] = vector_load(right + (ulong)k * right_inner + LANES);
    }
  } else if (right_inner == 1) {
    for (; k + LANES <= depth; k += LANES)
      for (int side = 0; side < 2; ++side) {
        vector x[LANES];
#pragma unroll
        for (int i = 0; i < LANES; ++i)
          x[i] = vector_load(
              right + (ulong)min(side * LANES + i, columns - 1) * right_column + k);
        transpose(x);
#pragma unroll
        for (int i = 0; i < LANES; ++i)
          block[2 * (k + i) + side] = x[i];
      }
  }
  for (; k < depth; ++k)
    for (int side = 0; side < 2; ++side) {
      float row[LANES];
      for (int i = 0; i < LANES; ++i)
        row[i] = right[(ulong)min(side * LANES + i, columns - 1) * right_column
                       + (ulong)k * right_inner];
      block[2 * k + side] = vector_load(row);
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
    FLOATS(partial), INTEGERS(live), const int limits, const int rows, const int N,
    const int all, const int left_row, const int left_inner, const int right_inner,
    const int right_column, const int adds, const int rows_per_item)
{
  const int n = (int)get_global_id(0) * WIDTH;
  const int first = (int)get_global_id(1) * rows_per_item;
  const int r = (int)get_global_id(2);
  const int M = limits == 1 ? min(*BLOCK(live, r), rows) : rows;
  const int K = limits == 2 ? min(*BLOCK(live, r), all) : all;
  const int end = min(first + rows_per_item, M);
  if (first >= end)
    return;
  const __global float *addend_r = BLOCK(addend, r) + n;
  __global float *output_r = BLOCK(output, r) + n, *partial_r = BLOCK(partial, r) + n;
  vector block[2 * BLOCK_INNER];

  // Once for K = 0 as well: a sum of nothing is stored.
  int k0 = 0;
  do {
    const int depth = min(BLOCK_INNER, K - k0);
    const bool is_last = k0 + BLOCK_INNER >= K;
    const __global float *left_r = BLOCK(left, r) + (ulong)k0 * left_inner;
    copy_block(
        BLOCK(right, r) + (ulong)k0 * right_inner + (ulong)n * right_column, N - n,
        n + WIDTH <= N ? depth : K - k0 - (WIDTH + N - 1) / N, depth, right_inner, right_column,
        block);
    for (int m = first; m < end; m += ROWS) {
      EACH_ROW(DECLARE)
      for (int k = 0; k < depth; ++k) {
        const vector b0 = block[2 * k], b1 = block[2 * k + 1];
        EACH_ROW(ACCUMULATE)
      }
      EACH_ROW(STORE)
    }
    k0 += BLOCK_INNER;
  } while (k0 < K);
}
