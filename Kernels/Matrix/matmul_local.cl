// Product of matrices for devices with many lanes and fast local memory (GPUs).
//
//   output[r,m,n] = sum over k of left[r,m,k] * right[r,k,n]  (+ addend[r,m,n])
//
// left    element (m, k) at m * left_row + k * left_inner
// right   element (k, n) at k * right_inner + n * right_column; one of the two strides of each is 1
// output, addend (R, M, N), row-major; if splits > 1 output is (R, splits, M, N) and addend is not used
// live    (R): if limits is 1, only the first live[r] of a replica's M rows are computed; if it is 2, k
//         goes over live[r] elements
// GATE    if 1, right has the rows of 2 F gates and ups, the gates first, and k is contiguous in both operands:
//         output (R, M, F) is the SwiGLU of the product, and if adds is 1 addend (R, M, 2F) gets the product; if 2,
//         output (R, M, 2F) is the gradient of SwiGLU at the gates and ups of addend, which may be output, where
//         the product is the gradient of its result. The bytes are those of a product and of swiglu.cl or
//         swiglu_gradient.cl after it. splits is 1
// Launch: groups (ceil(N / TILE_N) * ceil(M / TILE_M) * R * splits), local (ITEMS_N, ITEMS_M, 1), or the
// groups from first_group on. Part s of a split (split-K) is the sum over k from s * part_length on.
// ADDS_PARTS if 1, splits is 1, and a group computes `parts` parts one after another and adds them in the order of
//         sum_parts.cl. This needs no memory for the parts, but as many registers again. GATE and adds are 0
//
// A work-group computes a tile of TILE_M x TILE_N from blocks of DEPTH in k in local memory. A work-item
// computes ITEM_M x ITEM_N of the tile, in blocks of 4 x 4 with a stride such that neighbours read
// neighbouring columns. The next block is loaded to registers while one is multiplied. In local memory
// k is the outer index of both operands, so four elements of a row or column are one load. Rows are four
// elements longer than the tile to avoid bank conflicts.
// k ascends with one fma per product into one accumulator per output, so the tile does not change the
// bytes: the bytes of a part are those of matmul_tile. The accumulators are named variables and not an
// array: Intel's compiler keeps an array of this size in memory. The last block stops at K: products of padding
// would be exact except for the sign of a zero.

#ifndef TILE_M
#define TILE_M 64
#define TILE_N 64
#define DEPTH 16
#define ITEM_M 4
#define ITEM_N 4
#endif

#ifndef GATE
#define GATE 0
#endif
#ifndef ADDS_PARTS
#define ADDS_PARTS 0
#endif

#define ITEMS_M (TILE_M / ITEM_M)
#define ITEMS_N (TILE_N / ITEM_N)
#define ITEMS (ITEMS_M * ITEMS_N)
#define LEFT_LOADS (TILE_M * DEPTH / 4 / ITEMS)
#define RIGHT_LOADS (TILE_N * DEPTH / 4 / ITEMS)

// The first element of load number `unit` of a block: four elements along k if k is contiguous, else four
// along the lines (rows of left, columns of right). Neighbouring work-items read neighbouring addresses.
INLINE int unit_k(const int unit, const int tile, const int inner_step)
{
  return inner_step == 1 ? unit % (DEPTH / 4) * 4 : unit / (tile / 4);
}

INLINE int unit_line(const int unit, const int tile, const int inner_step)
{
  return inner_step == 1 ? unit / (DEPTH / 4) : unit % (tile / 4) * 4;
}

// The place of a line of a gated tile among the gates, or among the ups. Of four lines two are gates and two
// their ups, so that a work-item has both.
INLINE int unit_gate(const int line) { return line / 4 * 2 + line % 2; }

// A work-item's loads of the block from k0 on; zeros after the matrix's last line and after K. If gates is not 0
// the lines are those of a gated tile, and there are so many gates.
INLINE void load_block(const __global float *matrix, float4 *next, const int loads, const int item,
    const int tile, const int line_step, const int inner_step, const int lines, const int k0,
    const int K, const int gates)
{
#define LINE_OFFSET(line) ((ulong)line_step \
    * (ulong)(gates ? unit_gate(line) + (line % 4 < 2 ? 0 : gates) : line))
  const int is_aligned =
      ((ulong)matrix & 15) == 0 && (inner_step == 1 ? line_step : inner_step) % 4 == 0;
  // One branch for all loads, so that all are issued before the first is waited for.
  if (is_aligned && lines >= tile && K - k0 >= DEPTH) {
#pragma unroll
    for (int i = 0; i < loads; ++i) {
      const int unit = item + i * ITEMS;
      const int line = unit_line(unit, tile, inner_step);
      next[i] = *(const __global float4 *)(
          matrix + LINE_OFFSET(line) + (ulong)(k0 + unit_k(unit, tile, inner_step)) * inner_step);
    }
  } else {
#pragma unroll
    for (int i = 0; i < loads; ++i) {
      const int unit = item + i * ITEMS;
      const int line = unit_line(unit, tile, inner_step);
      const int k = k0 + unit_k(unit, tile, inner_step);
      const int is_line = gates ? unit_gate(line) < lines / 2 : line < lines;
      const int present = is_line && k < K ? (inner_step == 1 ? K - k : lines - line) : 0;
      const __global float *p = matrix + LINE_OFFSET(line) + (ulong)k * inner_step;
      next[i] = (float4)(present > 0 ? p[0] : 0.0f, present > 1 ? p[1] : 0.0f,
                         present > 2 ? p[2] : 0.0f, present > 3 ? p[3] : 0.0f);
    }
  }
}

INLINE void store_unit(__local float *block, const float4 x, const int unit, const int tile,
    const int inner_step)
{
  if (inner_step == 1) {
    __local float *p = block + unit % (DEPTH / 4) * 4 * (tile + 4) + unit / (DEPTH / 4);
    p[0] = x.s0;
    p[tile + 4] = x.s1;
    p[2 * (tile + 4)] = x.s2;
    p[3 * (tile + 4)] = x.s3;
  } else {
    *(__local float4 *)(block + unit / (tile / 4) * (tile + 4) + unit % (tile / 4) * 4) = x;
  }
}

// sum<i>_<j>: row i of the work-item, its columns 4 j to 4 j + 3.
#if ITEM_N == 8
#define EACH_COLUMN(F, i) F(i, 0) F(i, 1)
#else
#define EACH_COLUMN(F, i) F(i, 0)
#endif
#define EACH_ROW_OF_4(F, i0, i1, i2, i3) \
  EACH_COLUMN(F, i0) EACH_COLUMN(F, i1) EACH_COLUMN(F, i2) EACH_COLUMN(F, i3)
#if ITEM_M == 8
#define EACH_SUM(F) EACH_ROW_OF_4(F, 0, 1, 2, 3) EACH_ROW_OF_4(F, 4, 5, 6, 7)
#else
#define EACH_SUM(F) EACH_ROW_OF_4(F, 0, 1, 2, 3)
#endif

#define DECLARE(i, j) float4 sum##i##_##j = (float4)(0.0f);
#define START_TOTAL(i, j) float4 total##i##_##j = (float4)(0.0f);
#define ADD_TO_TOTAL(i, j) total##i##_##j += sum##i##_##j; sum##i##_##j = (float4)(0.0f);
#define TAKE_TOTAL(i, j) sum##i##_##j = total##i##_##j;
#define LEFT_0 a0.s0
#define LEFT_1 a0.s1
#define LEFT_2 a0.s2
#define LEFT_3 a0.s3
#define LEFT_4 a1.s0
#define LEFT_5 a1.s1
#define LEFT_6 a1.s2
#define LEFT_7 a1.s3
#define MULTIPLY(i, j) sum##i##_##j = fma((float4)(LEFT_##i), b##j, sum##i##_##j);

// Adds the products of one k.
#define ACCUMULATE(left, right) { \
  const float4 a0 = *(const __local float4 *)(left), b0 = *(const __local float4 *)(right); \
  const float4 a1 = ITEM_M == 8 ? *(const __local float4 *)(left + 4 * ITEMS_M) : a0; \
  const float4 b1 = ITEM_N == 8 ? *(const __local float4 *)(right + 4 * ITEMS_N) : b0; \
  EACH_SUM(MULTIPLY) }

#if GATE == 1
#define STORE(i, j) { \
  const int m = m0 + i / 4 * 4 * ITEMS_M + 4 * y + i % 4; \
  const int f = (n0 + j * 4 * ITEMS_N + 4 * x) / 2, F = N / 2; \
  if (m < M) { \
    store_gated(sum##i##_##j.s0, sum##i##_##j.s2, adds, addend_r + (ulong)m * N, \
                output_r + (ulong)m * F, f, F); \
    store_gated(sum##i##_##j.s1, sum##i##_##j.s3, adds, addend_r + (ulong)m * N, \
                output_r + (ulong)m * F, f + 1, F); \
  } }
#elif GATE == 2
#define STORE(i, j) { \
  const int m = m0 + i / 4 * 4 * ITEMS_M + 4 * y + i % 4, n = n0 + j * 4 * ITEMS_N + 4 * x; \
  if (m < M) { \
    const __global float *gates = addend_r + (ulong)m * 2 * N; \
    __global float *gradient = output_r + (ulong)m * 2 * N; \
    store_gate_gradient(sum##i##_##j.s0, gates, gradient, n, N); \
    store_gate_gradient(sum##i##_##j.s1, gates, gradient, n + 1, N); \
    store_gate_gradient(sum##i##_##j.s2, gates, gradient, n + 2, N); \
    store_gate_gradient(sum##i##_##j.s3, gates, gradient, n + 3, N); \
  } }
#else
#define STORE(i, j) { \
  const int m = m0 + i / 4 * 4 * ITEMS_M + 4 * y + i % 4, n = n0 + j * 4 * ITEMS_N + 4 * x; \
  if (m < M) \
    store_four(sum##i##_##j, adds, addend_r + (ulong)m * N + n, output_r + (ulong)m * N + n, N - n); }
#endif

INLINE void store_gated(const float gate, const float up, const int keeps, __global float *gates,
    __global float *output, const int f, const int F)
{
  if (f >= F)
    return;
  if (keeps) {
    gates[f] = gate;
    gates[F + f] = up;
  }
  output[f] = SWIGLU(gate, up, exponential);
}

INLINE void store_gate_gradient(const float g, const __global float *gates, __global float *gradient,
    const int f, const int F)
{
  if (f >= F)
    return;
  const float x = gates[f], u = gates[F + f];
  float dx, du;
  SWIGLU_GRADIENT(float, exponential, x, u, g, dx, du)
  gradient[f] = dx;
  gradient[F + f] = du;
}

INLINE void store_four(const float4 x, const int adds, const __global float *addend,
    __global float *output, const int columns)
{
  if (columns > 0)
    output[0] = adds ? x.s0 + addend[0] : x.s0;
  if (columns > 1)
    output[1] = adds ? x.s1 + addend[1] : x.s1;
  if (columns > 2)
    output[2] = adds ? x.s2 + addend[2] : x.s2;
  if (columns > 3)
    output[3] = adds ? x.s3 + addend[3] : x.s3;
}

__kernel __attribute__((reqd_work_group_size(ITEMS_N, ITEMS_M, 1)))
void matmul_local(FLOATS(left), FLOATS(right), FLOATS(addend), FLOATS(output),
    INTEGERS(live), const int limits, const int rows, const int N, const int all,
    const int left_row, const int left_inner,
    const int right_inner, const int right_column, const int adds, const int splits,
    const int part_length, const int parts, const int first_group)
{
  __local float left_block[DEPTH * (TILE_M + 4)] __attribute__((aligned(16)));
  __local float right_block[DEPTH * (TILE_N + 4)] __attribute__((aligned(16)));
  const int x = (int)get_local_id(0), y = (int)get_local_id(1);
  const int item = y * ITEMS_N + x;
  const place p = place_of_group(N, TILE_N, rows, TILE_M, splits, first_group);
  const int n0 = p.n0, m0 = p.m0, r = p.r, part = p.part;
  const int M = limits == 1 ? min(*BLOCK(live, r), rows) : rows;
  const int whole = limits == 2 ? min(*BLOCK(live, r), all) : all;
  float4 next_left[LEFT_LOADS], next_right[RIGHT_LOADS];
  EACH_SUM(DECLARE)
#if ADDS_PARTS
  EACH_SUM(START_TOTAL)
  for (int number = 0; number < parts; ++number) {
    const int first = number * part_length;
#else
    const int first = part * part_length;
#endif
    // Groups without live rows multiply nothing.
    const int K = m0 < M ? clamp(whole - first, 0, part_length) : 0;
    const __global float *left_r =
        BLOCK(left, r) + (ulong)m0 * left_row + (ulong)first * left_inner;
    const __global float *right_r =
        BLOCK(right, r) + (ulong)(GATE == 1 ? n0 / 2 : n0) * right_column + (ulong)first * right_inner;

#define LOAD_NEXT(k0) \
  load_block(left_r, next_left, LEFT_LOADS, item, TILE_M, left_row, left_inner, M - m0, k0, K, \
             0); \
  load_block(right_r, next_right, RIGHT_LOADS, item, TILE_N, right_column, right_inner, N - n0, \
             k0, K, GATE == 1 ? N / 2 : 0);

    LOAD_NEXT(0)
    for (int k0 = 0; k0 < K; k0 += DEPTH) {
      barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
      for (int i = 0; i < LEFT_LOADS; ++i)
        store_unit(left_block, next_left[i], item + i * ITEMS, TILE_M, left_inner);
#pragma unroll
      for (int i = 0; i < RIGHT_LOADS; ++i)
        store_unit(right_block, next_right[i], item + i * ITEMS, TILE_N, right_inner);
      barrier(CLK_LOCAL_MEM_FENCE);
      LOAD_NEXT(k0 + DEPTH)
      const __local float *left_k = left_block + 4 * y, *right_k = right_block + 4 * x;
      if (K - k0 >= DEPTH) {
#pragma unroll
        for (int k = 0; k < DEPTH; ++k)
          ACCUMULATE(left_k + k * (TILE_M + 4), right_k + k * (TILE_N + 4))
      } else {
        for (int k = 0; k < K - k0; ++k)
          ACCUMULATE(left_k + k * (TILE_M + 4), right_k + k * (TILE_N + 4))
      }
    }
#if ADDS_PARTS
    EACH_SUM(ADD_TO_TOTAL)
  }
  EACH_SUM(TAKE_TOTAL)
#endif

  __global float *addend_r = BLOCK(addend, r);
  __global float *output_r = BLOCK(output, r) + (ulong)part * rows * N;
  EACH_SUM(STORE)
}
