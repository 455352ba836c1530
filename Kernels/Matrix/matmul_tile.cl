// Product of matrices for devices where one work-item uses the whole vector unit of a core (CPUs).
//
//   output[r,m,n] = sum over k of left[r,m,k] * right[r,k,n]  (+ addend[r,m,n])
//
// left    element (m, k) at m * left_row + k * left_inner
// right   element (k, n) at k * right_inner + n * right_column
// output, addend, partial (R, M, N), row-major; partial is output, but another tensor if K > BLOCK_INNER
//         and addend is output
// live    (R): if limits is 1, only the first live[r] of a replica's M rows are computed; if it is 2, k
//         goes over live[r] elements
// tiles   local memory of rows_per_item x (min(K, BLOCK_INNER) + 1) floats; only if PACKED is 1
// Launch: global (ceil(N / columns_per_item), ceil(M / rows_per_item), R), local (1, 1, 1).
//
// A work-item computes rows_per_item x columns_per_item outputs. k is processed in blocks. The work-item
// copies a block of WIDTH columns into contiguous memory, which stays in cache, and then processes its
// rows in tiles of ROWS. If PACKED is 1, it first copies a block of its rows of left too, tile after tile,
// and all its columns read this copy in the order of the memory. Without the copy a product with left
// transposed reads only ROWS floats of a cache line, and visits a page, for each k.
// With 16 lanes, 12 rows of two vectors or 8 rows of three vectors are 24 vector accumulators. Together
// with the vectors of right and a broadcast of left they fit into the 32 registers of AVX-512; with 8
// lanes half the rows fit into the 16 registers of AVX2. The accumulators are named variables and not an
// array, because compilers keep arrays in memory. Between blocks of k the accumulators are stored in
// partial, without rounding.
// k ascends with one fma per product into one accumulator per output, so neither the tile's shape nor the
// batch can change a byte.

#ifndef ROWS
#define ROWS (LANES == 16 ? 12 : 6)
#define VECTORS 2
#define BLOCK_INNER 256
#define PACKED 0
#endif
#define WIDTH (VECTORS * LANES)

#if ROWS == 12
#define EACH_ROW(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7) F(8) F(9) F(10) F(11)
#elif ROWS == 8
#define EACH_ROW(F) F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
#elif ROWS == 6
#define EACH_ROW(F) F(0) F(1) F(2) F(3) F(4) F(5)
#else
#define EACH_ROW(F) F(0) F(1) F(2) F(3)
#endif
#if VECTORS == 3
#define EACH_VECTOR(F, i) F(i, 0) F(i, 1) F(i, 2)
#else
#define EACH_VECTOR(F, i) F(i, 0) F(i, 1)
#endif

// Columns from n on. Columns past N have arbitrary values and are not stored.
INLINE void load_row(const __global float *row, const int columns, vector *x)
{
  if (columns >= WIDTH) {
#pragma unroll
    for (int v = 0; v < VECTORS; ++v)
      x[v] = vector_load(row + v * LANES);
  } else {
    float copy[WIDTH] = {0.0f};
    int j = 0;
    for (; j + 8 <= columns; j += 8)
      vstore8(vload8(0, row + j), 0, copy + j);
    for (; j < columns; ++j)
      copy[j] = row[j];
#pragma unroll
    for (int v = 0; v < VECTORS; ++v)
      x[v] = vector_load(copy + v * LANES);
  }
}

INLINE void store_row(__global float *row, const int columns, const vector *x)
{
  if (columns >= WIDTH) {
#pragma unroll
    for (int v = 0; v < VECTORS; ++v)
      vector_store(x[v], row + v * LANES);
  } else {
    float copy[WIDTH];
#pragma unroll
    for (int v = 0; v < VECTORS; ++v)
      vector_store(x[v], copy + v * LANES);
    int j = 0;
    for (; j + 8 <= columns; j += 8)
      vstore8(vload8(0, copy + j), 0, row + j);
    for (; j < columns; ++j)
      row[j] = copy[j];
  }
}

// block[VECTORS * k + v]: WIDTH columns of a row of right. Columns past N have the elements that follow in
// memory, or repeat the last column. If k is contiguous in memory, squares of LANES x LANES are transposed
// in registers.
//
// rows: the number of rows from here on that are followed by WIDTH elements of the matrix
INLINE void copy_block(const __global float *right, const int columns, const int rows,
    const int depth, const int right_inner, const int right_column, vector *block)
{
  int k = 0;
  if (right_column == 1) {
    for (; k < min(depth, rows); ++k) {
#pragma unroll
      for (int v = 0; v < VECTORS; ++v)
        block[VECTORS * k + v] = vector_load(right + (ulong)k * right_inner + v * LANES);
    }
  } else if (right_inner == 1) {
    for (; k + LANES <= depth; k += LANES)
      for (int side = 0; side < VECTORS; ++side) {
        vector x[LANES];
#pragma unroll
        for (int i = 0; i < LANES; ++i)
          x[i] = vector_load(
              right + (ulong)min(side * LANES + i, columns - 1) * right_column + k);
        transpose(x);
#pragma unroll
        for (int i = 0; i < LANES; ++i)
          block[VECTORS * (k + i) + side] = x[i];
      }
  }
  for (; k < depth; ++k)
    for (int side = 0; side < VECTORS; ++side) {
      float row[LANES];
      for (int i = 0; i < LANES; ++i)
        row[i] = right[(ulong)min(side * LANES + i, columns - 1) * right_column
                       + (ulong)k * right_inner];
      block[VECTORS * k + side] = vector_load(row);
    }
}

#if PACKED
// tiles[(tile * (depth + 1) + k) * ROWS + i]: row tile * ROWS + i of left. Rows past the last repeat it.
// Whole vectors are stored. The lanes past ROWS are overwritten by the next k, and after the last k they are in
// the space between two tiles.
//
// rows: the number of rows to copy; all: the number of rows of the matrix from here on
INLINE void copy_rows(const __global float *left, const int rows, const int all, const int depth,
    const int left_row, const int left_inner, __local float *tiles)
{
  int m = 0;
  if (left_row == 1) {
    // Tiles whose vectors end before the matrix does. Eight of them for each k, so that a page is visited
    // once for all of them.
    const int whole = min(rows, all < LANES ? 0 : (all - LANES) / ROWS * ROWS + ROWS);
    for (; m < whole; m += 8 * ROWS)
      for (int k = 0; k < depth; ++k)
        for (int i = m; i < min(m + 8 * ROWS, whole); i += ROWS)
          vector_store(vector_load(left + (ulong)k * left_inner + i), tiles + i * (depth + 1) + k * ROWS);
    m = (whole + ROWS - 1) / ROWS * ROWS;
  }
  for (; m < rows; m += ROWS) {
    __local float *tile = tiles + m * (depth + 1);
    int k = 0;
    if (left_inner == 1)
      for (; k + LANES <= depth; k += LANES) {
        vector x[LANES];
#pragma unroll
        for (int i = 0; i < LANES; ++i)
          x[i] = vector_load(left + (ulong)min(m + min(i, ROWS - 1), all - 1) * left_row + k);
        transpose(x);
#pragma unroll
        for (int i = 0; i < LANES; ++i)
          vector_store(x[i], tile + (k + i) * ROWS);
      }
    for (; k < depth; ++k)
      for (int i = 0; i < ROWS; ++i)
        tile[k * ROWS + i] = left[(ulong)min(m + i, all - 1) * left_row + (ulong)k * left_inner];
  }
}
#define ROW(i) const vector x = tile_k[i];
#define NEXT_ROW(i)
#else
#define ROW(i) const vector x = *a##i;
#define NEXT_ROW(i) a##i += left_inner;
#endif

#define START(i, v) vector sum##i##_##v = 0.0f;
#define GO_ON(i, v) sum##i##_##v = x[v];
#define MULTIPLY(i, v) sum##i##_##v = fma(x, b##v, sum##i##_##v);
#define ADD(i, v) sum##i##_##v += x[v];
#define KEEP(i, v) x[v] = sum##i##_##v;

#define ROW_START(i) \
  const __global float *a##i = left_r + (ulong)min(m + i, M - 1) * left_row;
#define DECLARE(i) \
  EACH_VECTOR(START, i) \
  if (k0 > 0) { \
    vector x[VECTORS]; \
    load_row(partial_r + (ulong)min(m + i, M - 1) * N + n, N - n, x); \
    EACH_VECTOR(GO_ON, i) }

#define ACCUMULATE(i) { \
  ROW(i) \
  EACH_VECTOR(MULTIPLY, i) \
  NEXT_ROW(i) }

// Brings the next tile's outputs near while this one is computed. Their rows are far apart in memory, so
// the processor does not foresee them.
#define FETCH(i) { \
  const __global float *next = \
      (is_last ? output_r : partial_r) + (ulong)min(m + ROWS + i, M - 1) * N + n; \
  prefetch_line(next); \
  prefetch_line(next + WIDTH - 1); }

#define STORE(i) if (m + i < M) { \
  const ulong at = (ulong)(m + i) * N + n; \
  vector x[VECTORS]; \
  if (adds && is_last) { \
    load_row(addend_r + at, N - n, x); \
    EACH_VECTOR(ADD, i) \
  } \
  EACH_VECTOR(KEEP, i) \
  store_row((is_last ? output_r : partial_r) + at, N - n, x); }

__kernel void matmul_tile(FLOATS(left), FLOATS(right), FLOATS(addend), FLOATS(output),
    FLOATS(partial), INTEGERS(live), const int limits, const int rows, const int N,
    const int all, const int left_row, const int left_inner, const int right_inner,
    const int right_column, const int adds, const int rows_per_item, const int columns_per_item
#if PACKED
    , __local float *tiles
#endif
    )
{
  const int first_column = (int)get_global_id(0) * columns_per_item;
  const int end_column = min(first_column + columns_per_item, N);
  const int first = (int)get_global_id(1) * rows_per_item;
  const int r = (int)get_global_id(2);
  const int M = limits == 1 ? min(*BLOCK(live, r), rows) : rows;
  const int K = limits == 2 ? min(*BLOCK(live, r), all) : all;
  const int end = min(first + rows_per_item, M);
  if (first >= end)
    return;
  const __global float *addend_r = BLOCK(addend, r);
  __global float *output_r = BLOCK(output, r), *partial_r = BLOCK(partial, r);
  vector block[VECTORS * BLOCK_INNER];

  // The loop runs once for K = 0 too: an empty sum is stored.
  int k0 = 0;
  do {
    const int depth = min(BLOCK_INNER, K - k0);
    const bool is_last = k0 + BLOCK_INNER >= K;
    const __global float *left_r = BLOCK(left, r) + (ulong)k0 * left_inner;
#if PACKED
    // Rows that are whole in one block follow each other in memory. They are copied tile by tile.
    const bool copies_tiles = left_inner == 1 && left_row == depth;
    if (!copies_tiles)
      copy_rows(left_r + (ulong)first * left_row, end - first, M - first, depth, left_row, left_inner,
          tiles);
#endif
    for (int n = first_column; n < end_column; n += WIDTH) {
      copy_block(
          BLOCK(right, r) + (ulong)k0 * right_inner + (ulong)n * right_column, N - n,
          n + WIDTH <= N ? depth : K - k0 - (WIDTH + N - 1) / N, depth, right_inner, right_column,
          block);
      for (int m = first; m < end; m += ROWS) {
#if PACKED
        __local float *tile = tiles + (m - first) * (depth + 1);
        if (copies_tiles && n == first_column)
          copy_rows(left_r + (ulong)m * left_row, min(ROWS, end - m), M - m, depth, left_row, left_inner,
              tile);
        const __local float *tile_k = tile;
        // The sums hide the time of memory: meanwhile they bring near what is copied next, step floats for each k.
        // It is the next block of columns, the next tile, or this tile of the next block of k.
        const __global float *ahead = left_r;
        ulong step = 0;
        if (right_column == 1 && m == first + ROWS && n + WIDTH < end_column) {
          ahead = BLOCK(right, r) + (ulong)k0 * right_inner + n + WIDTH;
          step = right_inner;
        } else if (n == first_column && copies_tiles && m + ROWS < end) {
          ahead = left_r + (ulong)(m + ROWS) * left_row;
          step = ROWS;
        } else if (n + WIDTH >= end_column && left_row == 1 && !is_last) {
          ahead = left_r + (ulong)BLOCK_INNER * left_inner + m;
          step = left_inner;
        }
#else
        EACH_ROW(ROW_START)
        // If left is transposed, its rows of one k are far from those of the next. The first columns bring the
        // next block near, one k at a time.
        const ulong ahead =
            left_row == 1 && n == first_column && !is_last ? (ulong)BLOCK_INNER * left_inner : 0;
#endif
        EACH_ROW(DECLARE)
        EACH_ROW(FETCH)
#pragma unroll 4
        for (int k = 0; k < depth; ++k) {
          const vector b0 = block[VECTORS * k], b1 = block[VECTORS * k + 1];
#if VECTORS == 3
          const vector b2 = block[VECTORS * k + 2];
#endif
          EACH_ROW(ACCUMULATE)
#if PACKED
          tile_k += ROWS;
          prefetch_line(ahead);
          ahead += step;
#else
          prefetch_line(a0 + ahead);
#endif
        }
        EACH_ROW(STORE)
      }
    }
    k0 += BLOCK_INNER;
  } while (k0 < K);
}
