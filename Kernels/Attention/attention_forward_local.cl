// Causal scaled dot-product attention, for devices with many lanes and fast local memory (GPUs).
//
//   output[b,t,h,:] = sum over s <= t of softmax_s(q_t . k_s / sqrt(D)) v_s
//
// projection  (R, B, T, 3C): query | key | value, each H heads of D
// table       (1, positions, D/2, 2), if has_table: queries and keys are rotated by it as in rotary.cl
// lengths     (R, B): positions of a sequence; past them output and log_sum_exp are 0
// output      (R, B, T, C)
// log_sum_exp (R, B, H, T): kept for the gradient
// Launch: global (16 * R*B, TILE / ROWS * H, ceil(T / TILE)), local (16, TILE / ROWS, 1), or the rows of B from
// first_group on.
// Needs -DD= and -DTILE=, 16, 32 or 64. -DROWS= is 8 unless given.
//
// A work-group computes TILE queries from blocks of TILE keys up to the diagonal. Scores and
// weighted values are products of matrices in local memory (attention_blocks.cl), with one
// rescaling per block (online maximum: Milakov & Gimelshein 2018, arXiv:1805.02867; blocks: Dao et
// al. 2022, arXiv:2205.14135). The longest rows start first. Block 0 has a key that every query may
// see, so a maximum is never -infinity. A work-item sums the weights of its own columns; the 16
// sums of a row are added at the end. Up to T = TILE there is one block, and weights of 0 add
// nothing to it, so TILE does not change the bytes.

__kernel __attribute__((reqd_work_group_size(16, TILE / ROWS, 1)))
void attention_forward_local(FLOATS(projection), FLOATS(table), const int has_table, SEQUENCES,
    FLOATS(output), FLOATS(log_sum_exp), const int B, const int T, const int H, const float scale,
    const int first_group)
{
  __local float4 block[BLOCK_SIZE], strip[STRIP_SIZE], above[TILE / 4], factor[TILE / 4];
  const int h = (int)get_group_id(1);
  const int row = first_group + (int)get_group_id(0), r = row / B, b = row % B;
  const int C = H * D, length = BLOCK(lengths, r)[b], end = SEQUENCE_END;
  const ulong start = SEQUENCE_START;
  const __global float *query = BLOCK(projection, r) + start * 3 * C + h * D;
  const __global float *key = query + C, *value = query + 2 * C;
  const __global float *angles = ANGLES;
  __global float *out = BLOCK(output, r) + start * C + h * D;
  __global float *lse = BLOCK(log_sum_exp, r) + ((ulong)b * H + h) * T;
  const int t0 = ((int)get_num_groups(2) - 1 - (int)get_group_id(2)) * TILE;
  const int keys = t0 < length ? min(t0 + TILE, length) : 0;
  const row_numbers newest = min(t0 + BASE_ROW + LANE_ROWS, (row_numbers)(length - 1));
  // Several work-items compute the maximum of a row, so that all run the same loops (for PoCL).
  const __local float *of_row = (const __local float *)strip + ITEM % TILE;
  float largest = -INFINITY;
  rows sum = 0.0f;
  channels o;
#define START_OUTPUT(c) o.r##c = 0.0f;
  EACH_CHANNEL(START_OUTPUT)

  for (int s0 = 0; s0 < keys; s0 += TILE) {
    const int count = min(TILE, keys - s0);
    // No query of the warp sees a key from this one on.
    const int last = t0 + WARP_ROW >= length ? 0 : s0 == t0 ? min(count, WARP_ROW + 16) : count;
    rows highest = -INFINITY;
    columns p;
    score_block(block, query, 3 * C, t0, scale, key, 3 * C, s0, 1.0f, length, 0, last, angles, &p);
#define MASK(j) \
    p.r##j = (row_numbers)(s0 + ITEM_X + 16 * j) > newest ? (rows)(-INFINITY) : p.r##j; \
    highest = fmax(highest, p.r##j);
    EACH_COLUMN(MASK)
    store_column(highest, strip + ITEM_X * ROW_STRIDE);
    barrier(CLK_LOCAL_MEM_FENCE);
    const float before = largest;
    for (int x = 0; x < 16; ++x)
      largest = fmax(largest, of_row[x * 4 * ROW_STRIDE]);
    if (ITEM < TILE) {
      ((__local float *)above)[ITEM] = largest;
      ((__local float *)factor)[ITEM] = exponential(before - largest);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    const rows correction = load_column(factor);
    sum *= correction;
#define WEIGH(j) \
    p.r##j = exponential_of_rows(p.r##j - load_column(above)); \
    sum += p.r##j; \
    store_column(p.r##j, block + (ITEM_X + 16 * j) * ROW_STRIDE);
    EACH_COLUMN(WEIGH)
#define CORRECT(c) o.r##c *= correction;
    EACH_CHANNEL(CORRECT)
    add_weighted(block, strip, value, 3 * C, s0, count, 0, last, 0, &o);
  }

  barrier(CLK_LOCAL_MEM_FENCE);
  store_column(sum, strip + ITEM_X * ROW_STRIDE);
  barrier(CLK_LOCAL_MEM_FENCE);
  float all = 0.0f;
  for (int x = 0; x < 16; ++x)
    all += of_row[x * 4 * ROW_STRIDE];
  if (ITEM < TILE) {
    ((__local float *)factor)[ITEM] = 1.0f / all;
    if (t0 + ITEM < end)
      lse[t0 + ITEM] = t0 + ITEM < length ? largest + log(all) : 0.0f;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
#define NORMALIZE(c) o.r##c *= load_column(factor);
  EACH_CHANNEL(NORMALIZE)
  store_block(&o, 1.0f, out, C, t0, length, end, 0, 0);
}
