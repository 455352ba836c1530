// Attention in blocks of TILE x TILE pairs, by work-groups of (16, TILE / 8). Work-item (x, y) has
// 8 rows of a block, which are the lanes of a vector, and the columns x, x + 16, ... of the block.
// The local memory of a kernel, at most 28 KB:
//
//   block  DEPTH channels of both operands of a product of rows; after it the weights, by columns
//   strip  STRIP rows of D channels that weights multiply; between, one number per row and x
//
// Local memory is read in float4. The row stride is an odd number of float4, and the two halves of
// a warp are four rows apart, so there are no bank conflicts.
typedef float8 rows;
#define COLUMNS (TILE / 16)
#define ITEMS (2 * TILE)
#define DEPTH (D < 32 ? (D + 3) / 4 * 4 : 32)
#define DEPTH_STRIDE (DEPTH / 4 | 1)
#define ROW_STRIDE (TILE / 4 | 1)
#define BLOCK_SIZE (TILE * (2 * DEPTH_STRIDE > ROW_STRIDE ? 2 * DEPTH_STRIDE : ROW_STRIDE))
#define STRIP_ROWS (WIDTH <= 32 ? 64 : WIDTH <= 64 ? 32 : 16)
#define STRIP (TILE < STRIP_ROWS ? TILE : STRIP_ROWS)
#define STRIP_SIZE (STRIP * WIDTH > 64 * ROW_STRIDE ? STRIP * WIDTH / 4 : 16 * ROW_STRIDE)

// Channels of a work-item: PART contiguous channels of every 16 * PART. WIDTH is the number of
// channels of all 16 items.
#if D % 32 == 0
#define PART 2
typedef float2 part;
#else
#define PART 1
typedef float part;
#endif
#define CHANNELS ((D + 16 * PART - 1) / (16 * PART) * PART)
#define WIDTH (16 * CHANNELS)
#define CHANNEL(c) (((c) / PART * 16 + ITEM_X) * PART + (c) % PART)

#define ITEM_X ((int)get_local_id(0))
#define ITEM_Y ((int)get_local_id(1))
#define ITEM (16 * ITEM_Y + ITEM_X)
// The first row of a work-item, the offsets of its lanes, and the first row of its warp.
#define BASE_ROW (WARP_ROW + (ITEM_Y & 1) * 4)
#define LANE_ROWS (int8)(0, 1, 2, 3, 8, 9, 10, 11)
#define WARP_ROW (ITEM_Y >> 1 << 4)

// The elements of a work-item's rows in a column of TILE rows.
INLINE rows load_column(const __local float4 *column)
{
  return (rows)(column[BASE_ROW / 4], column[BASE_ROW / 4 + 2]);
}
INLINE void store_column(const rows x, __local float4 *column)
{
  column[BASE_ROW / 4] = x.lo;
  column[BASE_ROW / 4 + 2] = x.hi;
}

// Loads count rows of 4 * quads channels times scale, from row first and channel d0 on; zeros from
// row end and channel D on. The row stride is distance: within a sequence int is enough.
INLINE void load_block(__local float4 *block, const uint stride, const uint count, const uint quads,
    const __global float *from, const int distance, const int first, const int end, const uint d0,
    const float scale)
{
  const bool aligned = distance % 4 == 0 && ((size_t)from & 15) == 0;
#pragma unroll 2
  for (uint n = 0; n < (count * quads + ITEMS - 1) / ITEMS; ++n) {
    const uint i = n * ITEMS + (uint)ITEM, row = i / quads, d = d0 + i % quads * 4;
    const __global float *at = from + min((int)(first + row), end - 1) * distance;
#if D % 4 == 0
    at += min(d, (uint)D - 4);
    float4 x = aligned ? *(const __global float4 *)at : vload4(0, at);
    x = d < D && (int)(first + row) < end ? x * scale : (float4)(0.0f);
#else
    float4 x = (float4)(at[min(d, (uint)D - 1)], at[min(d + 1, (uint)D - 1)],
                        at[min(d + 2, (uint)D - 1)], at[min(d + 3, (uint)D - 1)]);
    x = d + (uint4)(0, 1, 2, 3) < D && (int4)(first + row) < end ? x * scale : (float4)(0.0f);
#endif
    if (i < count * quads)
      block[row * stride + i % quads] = x;
  }
}

// sum[j] = scale * left[left_row + row] . right[right_row + x + 16 j], d ascending, for columns
// from begin, a multiple of 16, to end; 0 for others. Bounds are compared with k, below DEPTH, to
// keep the branch in the loop: PoCL 3.1 is wrong if work-items of a group run different loops.
INLINE void score_block(__local float4 *block, const __global float *left, const int left_distance,
    const int left_row, const float scale, const __global float *right, const int right_distance,
    const int right_row, const int length, const int begin, const int end, rows *sum)
{
  __local float4 *right_block = block + TILE * DEPTH_STRIDE;
#pragma unroll
  for (int j = 0; j < COLUMNS; ++j)
    sum[j] = 0.0f;
  for (int d0 = 0; d0 < D; d0 += DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    load_block(block, DEPTH_STRIDE, TILE, DEPTH / 4, left, left_distance, left_row, length, d0,
               scale);
    load_block(right_block, DEPTH_STRIDE, TILE, DEPTH / 4, right, right_distance, right_row,
               length, d0, 1.0f);
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 1
    for (int k = 0; k < min(DEPTH, D - d0 + 3) / 4; ++k) {
      const __local float4 *a = block + BASE_ROW * DEPTH_STRIDE + k;
#define A(row) a[row * DEPTH_STRIDE]
      const float16 low = (float16)(A(0), A(1), A(2), A(3));
      const float16 high = (float16)(A(8), A(9), A(10), A(11));
#undef A
#pragma unroll
      for (int j = 0; j < COLUMNS; ++j) {
        const float4 b = right_block[(ITEM_X + 16 * j) * DEPTH_STRIDE + k];
        if (k >= (begin - 16 * j) * DEPTH && k < (end - 16 * j) * DEPTH) {
          sum[j] = fma((rows)(low.s048c, high.s048c), (rows)(b.x), sum[j]);
          sum[j] = fma((rows)(low.s159d, high.s159d), (rows)(b.y), sum[j]);
          sum[j] = fma((rows)(low.s26ae, high.s26ae), (rows)(b.z), sum[j]);
          sum[j] = fma((rows)(low.s37bf, high.s37bf), (rows)(b.w), sum[j]);
        }
      }
    }
  }
}

// sum[c] += over columns k from begin to end, ascending: weights[k] * the work-item's channels of
// from[first + k]. begin is a multiple of 16; count: the columns that any work-item needs.
INLINE void add_weighted(const __local float4 *weights, __local float4 *strip,
    const __global float *from, const int distance, const int first, const int count,
    const int begin, const int end, rows *sum)
{
  for (int k0 = 0; k0 < count; k0 += STRIP) {
    barrier(CLK_LOCAL_MEM_FENCE);
    load_block(strip, WIDTH / 4, STRIP, WIDTH / 4, from, distance, first + k0, first + count, 0,
               1.0f);
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 1
    for (int k = k0; k < min(k0 + STRIP, count); k += 4)
      if (k >= begin && k < end)
#pragma unroll
        for (int n = 0; n < 4; ++n) {
          const rows weight = load_column(weights + (k + n) * ROW_STRIDE);
          const __local part *x =
              (const __local part *)strip + (k + n - k0) * (WIDTH / PART) + ITEM_X;
#pragma unroll
          for (int c = 0; c < CHANNELS; c += PART) {
#if PART == 2
            sum[c] = fma(weight, (rows)(x[8 * c].x), sum[c]);
            sum[c + 1] = fma(weight, (rows)(x[8 * c].y), sum[c + 1]);
#else
            sum[c] = fma(weight, (rows)(x[16 * c]), sum[c]);
#endif
          }
        }
  }
}

// Stores rows from first on: x times scale up to length, then zeros up to end.
INLINE void store_block(const rows *x, const float scale, __global float *to, const int distance,
    const int first, const int length, const int end)
{
  const int8 row = first + BASE_ROW + LANE_ROWS;
  float lane[CHANNELS][8];
#pragma unroll
  for (int c = 0; c < CHANNELS; ++c)
    vstore8(row < (int8)(length) ? x[c] * scale : (rows)(0.0f), 0, lane[c]);
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    const int at = first + BASE_ROW + i / 4 * 8 + i % 4;
    if (at < end)
#pragma unroll
      for (int c = 0; c < CHANNELS; ++c)
        if (CHANNEL(c) < D)
          to[at * distance + CHANNEL(c)] = lane[c][i];
  }
}
