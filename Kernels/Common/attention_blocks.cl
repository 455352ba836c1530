// Attention in blocks of TILE x TILE pairs, by work-groups of (16, TILE / ROWS). Work-item (x, y) has
// ROWS rows of a block, 8 or 4, which are the lanes of a vector, and the columns x, x + 16, ... of the block.
// 4 are for devices with few registers. Neither ROWS nor the other work-items of a group change the bytes.
// The local memory of a kernel, at most 28 KB:
//
//   block  DEPTH channels of both operands of a product of rows; after it the weights, by columns
//   strip  STRIP rows of D channels that weights multiply; between, one number per row and x
//
// Local memory is read in float4. The row stride is an odd number of float4, and the two halves of
// a warp are four rows apart, so there are no bank conflicts.
#ifndef ROWS
#define ROWS 8
#endif
#if ROWS == 8
typedef float8 rows;
typedef int8 row_numbers;
#define exponential_of_rows exponential8
#else
typedef float4 rows;
typedef int4 row_numbers;
#define exponential_of_rows exponential4
#endif
#define COLUMNS (TILE / 16)
#define ITEMS (16 * TILE / ROWS)
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

// The numbers of a work-item: one vector of rows for every column or channel. They have names and are not
// arrays, because Intel's compiler keeps such arrays in memory. Members past the last one are not used.
typedef struct { rows r0, r1, r2, r3; } columns;
typedef struct { rows r0, r1, r2, r3, r4, r5, r6, r7; } channels;
#define AT_COLUMN(F, j) if (j < COLUMNS) { F(j) }
#define EACH_COLUMN(F) AT_COLUMN(F, 0) AT_COLUMN(F, 1) AT_COLUMN(F, 2) AT_COLUMN(F, 3)
#define AT_CHANNEL(F, c) if (c < CHANNELS) { F(c) }
#define EACH_CHANNEL(F) \
  AT_CHANNEL(F, 0) AT_CHANNEL(F, 1) AT_CHANNEL(F, 2) AT_CHANNEL(F, 3) \
  AT_CHANNEL(F, 4) AT_CHANNEL(F, 5) AT_CHANNEL(F, 6) AT_CHANNEL(F, 7)

#define ITEM_X ((int)get_local_id(0))
#define ITEM_Y ((int)get_local_id(1))
#define ITEM (16 * ITEM_Y + ITEM_X)
// The first row of a work-item, the offsets of its lanes, and the first row of its warp.
#if ROWS == 8
#define BASE_ROW (WARP_ROW + (ITEM_Y & 1) * 4)
#define LANE_ROWS (int8)(0, 1, 2, 3, 8, 9, 10, 11)
#define LANE_ROW(i) (i / 4 * 8 + i % 4)
#define WARP_ROW (ITEM_Y >> 1 << 4)
#else
#define BASE_ROW (4 * ITEM_Y)
#define LANE_ROWS (int4)(0, 1, 2, 3)
#define LANE_ROW(i) (i)
#define WARP_ROW (ITEM_Y >> 2 << 4)
#endif

// The elements of a work-item's rows in a column of TILE rows.
INLINE rows load_column(const __local float4 *column)
{
#if ROWS == 8
  return (rows)(column[BASE_ROW / 4], column[BASE_ROW / 4 + 2]);
#else
  return column[BASE_ROW / 4];
#endif
}
INLINE void store_column(const rows x, __local float4 *column)
{
#if ROWS == 8
  column[BASE_ROW / 4] = x.lo;
  column[BASE_ROW / 4 + 2] = x.hi;
#else
  column[BASE_ROW / 4] = x;
#endif
}

// Rotary positions (rotary.cl) are in the loads and stores of queries and keys: the sequence's first row of
// the rotary table, or 0 if nothing is rotated. The arithmetic is that of rotary.cl, so the bytes are too.
#define ANGLES (has_table ? BLOCK(table, 0) : 0)
#define HALF (D > 1 ? D / 2 : 1)
#define PARTNER(d) ((d) < HALF ? (d) + HALF : (d) - HALF)

INLINE float rotated(const __global float *row, const __global float *angle, const uint d)
{
  const float s = angle[2 * (d % HALF) + 1];
  return row[d] * angle[2 * (d % HALF)] + row[PARTNER(d)] * (d < HALF ? -s : s);
}

INLINE float4 load_four(const __global float *at, const bool aligned)
{
  return aligned ? *(const __global float4 *)at : vload4(0, at);
}

// Loads count rows of 4 * quads channels times scale, from row first and channel d0 on; zeros from
// row end and channel D on. The row stride is distance: within a sequence int is enough.
INLINE void load_block(__local float4 *block, const uint stride, const uint count, const uint quads,
    const __global float *from, const int distance, const int first, const int end, const uint d0,
    const float scale, const __global float *angles)
{
  const bool aligned = distance % 4 == 0 && (((size_t)from | (size_t)angles) & 15) == 0;
#pragma unroll 2
  for (uint n = 0; n < (count * quads + ITEMS - 1) / ITEMS; ++n) {
    const uint i = n * ITEMS + (uint)ITEM, row = i / quads, d = d0 + i % quads * 4;
    const int t = min((int)(first + row), end - 1);
    const __global float *at = from + t * distance, *angle = angles + t * D;
#if D % 4 == 0
    const uint channel = min(d, (uint)D - 4);
    float4 x = load_four(at + channel, aligned);
#if D % 8 == 0
    if (angles) {
      angle += 2 * (channel % HALF);
      const float8 c_and_s = (float8)(load_four(angle, aligned), load_four(angle + 4, aligned));
      const float4 s = channel < HALF ? -c_and_s.odd : c_and_s.odd;
      x = x * c_and_s.even + load_four(at + PARTNER(channel), aligned) * s;
    }
#else
    if (angles)
      x = (float4)(rotated(at, angle, channel), rotated(at, angle, channel + 1),
                   rotated(at, angle, channel + 2), rotated(at, angle, channel + 3));
#endif
    x = d < D && (int)(first + row) < end ? x * scale : (float4)(0.0f);
#else
    const uint4 channel = min(d + (uint4)(0, 1, 2, 3), (uint)D - 1);
    float4 x = (float4)(at[channel.x], at[channel.y], at[channel.z], at[channel.w]);
    if (angles)
      x = (float4)(rotated(at, angle, channel.x), rotated(at, angle, channel.y),
                   rotated(at, angle, channel.z), rotated(at, angle, channel.w));
    x = d + (uint4)(0, 1, 2, 3) < D && (int4)(first + row) < end ? x * scale : (float4)(0.0f);
#endif
    if (i < count * quads)
      block[row * stride + i % quads] = x;
  }
}

// sum of column j = left_scale * left[left_row + row] . right_scale * right[right_row + x + 16 j], d ascending,
// for columns from begin, a multiple of 16, to end; 0 for others. Bounds are compared with k, below DEPTH, to
// keep the branch in the loop: PoCL 3.1 is wrong if work-items of a group run different loops.
INLINE void score_block(__local float4 *block, const __global float *left, const int left_distance,
    const int left_row, const float left_scale, const __global float *right, const int right_distance,
    const int right_row, const float right_scale, const int length, const int begin, const int end,
    const __global float *angles, columns *sum)
{
  __local float4 *right_block = block + TILE * DEPTH_STRIDE;
#define START_COLUMN(j) sum->r##j = 0.0f;
  EACH_COLUMN(START_COLUMN)
  for (int d0 = 0; d0 < D; d0 += DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    load_block(block, DEPTH_STRIDE, TILE, DEPTH / 4, left, left_distance, left_row, length, d0,
               left_scale, angles);
    load_block(right_block, DEPTH_STRIDE, TILE, DEPTH / 4, right, right_distance, right_row,
               length, d0, right_scale, angles);
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 1
    for (int k = 0; k < min(DEPTH, D - d0 + 3) / 4; ++k) {
      const __local float4 *a = block + BASE_ROW * DEPTH_STRIDE + k;
#define A(row) a[row * DEPTH_STRIDE]
      const float16 low = (float16)(A(0), A(1), A(2), A(3));
#if ROWS == 8
      const float16 high = (float16)(A(8), A(9), A(10), A(11));
#define OF_ROWS(n) (rows)(low.s##n, high.s##n)
#else
#define OF_ROWS(n) low.s##n
#endif
#undef A
#define MULTIPLY(j) \
      const float4 b = right_block[(ITEM_X + 16 * j) * DEPTH_STRIDE + k]; \
      if (k >= (begin - 16 * j) * DEPTH && k < (end - 16 * j) * DEPTH) { \
        sum->r##j = fma(OF_ROWS(048c), (rows)(b.x), sum->r##j); \
        sum->r##j = fma(OF_ROWS(159d), (rows)(b.y), sum->r##j); \
        sum->r##j = fma(OF_ROWS(26ae), (rows)(b.z), sum->r##j); \
        sum->r##j = fma(OF_ROWS(37bf), (rows)(b.w), sum->r##j); \
      }
      EACH_COLUMN(MULTIPLY)
    }
  }
}

// The sum of channel c += over columns k from begin to end, ascending: weights[k] * the work-item's channel of
// from[first + k]. begin is a multiple of 16; count: the columns that any work-item needs.
INLINE void add_weighted(const __local float4 *weights, __local float4 *strip,
    const __global float *from, const int distance, const int first, const int count,
    const int begin, const int end, const __global float *angles, channels *sum)
{
  for (int k0 = 0; k0 < count; k0 += STRIP) {
    barrier(CLK_LOCAL_MEM_FENCE);
    load_block(strip, WIDTH / 4, STRIP, WIDTH / 4, from, distance, first + k0, first + count, 0,
               1.0f, angles);
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 1
    for (int k = k0; k < min(k0 + STRIP, count); k += 4)
      if (k >= begin && k < end)
#pragma unroll
        for (int n = 0; n < 4; ++n) {
          const rows weight = load_column(weights + (k + n) * ROW_STRIDE);
          const __local part *x =
              (const __local part *)strip + (k + n - k0) * (WIDTH / PART) + ITEM_X;
#if PART == 2
#define ADD_CHANNEL(c) \
          sum->r##c = fma(weight, (rows)(c % 2 ? x[c / 2 * 16].y : x[c / 2 * 16].x), sum->r##c);
#else
#define ADD_CHANNEL(c) sum->r##c = fma(weight, (rows)(x[16 * c]), sum->r##c);
#endif
          EACH_CHANNEL(ADD_CHANNEL)
        }
  }
}

// Turns a block of gradients back, which is the gradient of the rotation: x c + y s, s negated in the second half
// of the channels, with y of the partner. Half of the rows at a time are exchanged in local memory.
INLINE float4 turned_back(const float4 x, const __local float *row, const __global float *angles,
    const int4 t, const int d)
{
  const __global float *angle = angles + 2 * (d % HALF);
  const int4 at = t * D;
  const float4 c = (float4)(angle[at.x], angle[at.y], angle[at.z], angle[at.w]);
  const float4 s = (float4)(angle[at.x + 1], angle[at.y + 1], angle[at.z + 1], angle[at.w + 1]);
  const __local float *of_partner = row + (d < D ? PARTNER(d) : d);
  const float4 y = (float4)(of_partner[0], of_partner[WIDTH], of_partner[2 * WIDTH], of_partner[3 * WIDTH]);
  return x * c + y * (d < HALF ? s : -s);
}

// Barriers are not conditional: PoCL repeats what follows a conditional barrier.
INLINE void turn_back(channels *x, __local float *scratch, const __global float *angles,
    const int first, const int end, const bool turns)
{
  __local float *row = scratch + 4 * (ROWS == 8 ? ITEM_Y : ITEM_Y / 2) * WIDTH;
  const row_numbers t =
      clamp(first + BASE_ROW + LANE_ROWS, (row_numbers)(0), (row_numbers)(max(end - 1, 0)));
#define PUT(c, a, b, c_, d) \
  row[CHANNEL(c)] = x->r##c.a; \
  row[WIDTH + CHANNEL(c)] = x->r##c.b; \
  row[2 * WIDTH + CHANNEL(c)] = x->r##c.c_; \
  row[3 * WIDTH + CHANNEL(c)] = x->r##c.d;
#define TURN(c, four) \
  x->r##c.four = turned_back(x->r##c.four, row, angles, t.four, CHANNEL(c));
#define PUT_LOW(c) PUT(c, s0, s1, s2, s3)
#define TURN_LOW(c) TURN(c, s0123)
#if ROWS == 8
  barrier(CLK_LOCAL_MEM_FENCE);
  EACH_CHANNEL(PUT_LOW)
  barrier(CLK_LOCAL_MEM_FENCE);
  if (turns) {
    EACH_CHANNEL(TURN_LOW)
  }
#define PUT_HIGH(c) PUT(c, s4, s5, s6, s7)
#define TURN_HIGH(c) TURN(c, s4567)
  barrier(CLK_LOCAL_MEM_FENCE);
  EACH_CHANNEL(PUT_HIGH)
  barrier(CLK_LOCAL_MEM_FENCE);
  if (turns) {
    EACH_CHANNEL(TURN_HIGH)
  }
#else
  for (int turn = 0; turn < 2; ++turn) {
    const bool takes_part = ITEM_Y % 2 == turn;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (takes_part) {
      EACH_CHANNEL(PUT_LOW)
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (takes_part && turns) {
      EACH_CHANNEL(TURN_LOW)
    }
  }
#endif
}

// Stores rows from first on: x times scale up to length, then zeros up to end. With a block, which is overwritten,
// they are turned back if there are angles; 0 for values that are never rotated.
INLINE void store_block(channels *x, const float scale, __global float *to, const int distance,
    const int first, const int length, const int end, __local float4 *block,
    const __global float *angles)
{
  const row_numbers row = first + BASE_ROW + LANE_ROWS;
#define SCALE_CHANNEL(c) x->r##c = row < (row_numbers)(length) ? x->r##c * scale : (rows)(0.0f);
  EACH_CHANNEL(SCALE_CHANNEL)
  if (block)
    turn_back(x, (__local float *)block, angles, first, end, angles != 0);
#define STORE_ROW(i) { \
    const int at = first + BASE_ROW + LANE_ROW(i); \
    if (at < end) { \
      STORE(i, 0) STORE(i, 1) STORE(i, 2) STORE(i, 3) STORE(i, 4) STORE(i, 5) STORE(i, 6) STORE(i, 7) \
    } \
  }
#define STORE(i, c) \
      if (c < CHANNELS && CHANNEL(c) < D) \
        to[at * distance + CHANNEL(c)] = x->r##c.s##i;
  STORE_ROW(0) STORE_ROW(1) STORE_ROW(2) STORE_ROW(3)
#if ROWS == 8
  STORE_ROW(4) STORE_ROW(5) STORE_ROW(6) STORE_ROW(7)
#endif
}
