// The gradient of causal attention with respect to its queries, for devices with many lanes and
// fast local memory (GPUs).
//
//   in the forward pass: p_ts = exp(q_t . k_s / sqrt(D) - lse_t), out_t = sum over s of p_ts v_s
//   so now, with g = d out:  delta_t = g_t . out_t,  ds_ts = p_ts (g_t . v_s - delta_t)
//                            dq_t = 1/sqrt(D) * sum over s <= t of ds_ts k_s
//
// projection, projection_gradient (R, B, T, 3C); output, output_gradient (R, B, T, C)
// table (1, positions, D/2, 2), if has_table: queries and keys are rotated by it as in rotary.cl, and the
//       gradient of queries is turned back
// log_sum_exp, delta              (R, B, H, T): delta is written for attention_gradient_key_local
// Launch: global (16 * R*B, TILE / ROWS * H, ceil(T / TILE)), local (16, TILE / ROWS, 1), or the rows of B from
// first_group on.
// Needs -DD= and -DTILE=, 16, 32 or 64. -DROWS= is 8 unless given.
//
// A work-group computes the sums of TILE queries over blocks of TILE keys up to the diagonal, s
// ascending: no atomics. All products are products of matrices in local memory
// (attention_blocks.cl). The longest rows start first.

__kernel __attribute__((reqd_work_group_size(16, TILE / ROWS, 1)))
void attention_gradient_query_local(FLOATS(projection), FLOATS(table), const int has_table,
    SEQUENCES, FLOATS(output), FLOATS(log_sum_exp), FLOATS(output_gradient),
    FLOATS(projection_gradient), FLOATS(delta),
    const int B, const int T, const int H, const float scale,
    const int first_group)
{
  __local float4 block[BLOCK_SIZE], strip[STRIP_SIZE], row_lse[TILE / 4], row_delta[TILE / 4];
  const int h = (int)get_group_id(1);
  const int row = first_group + (int)get_group_id(0), r = row / B, b = row % B;
  const int C = H * D, length = BLOCK(lengths, r)[b], end = SEQUENCE_END;
  const ulong start = SEQUENCE_START;
  const __global float *query = BLOCK(projection, r) + start * 3 * C + h * D;
  const __global float *key = query + C, *value = query + 2 * C;
  const __global float *angles = ANGLES;
  const __global float *out = BLOCK(output, r) + start * C + h * D;
  const __global float *gradient = BLOCK(output_gradient, r) + start * C + h * D;
  const __global float *lse = BLOCK(log_sum_exp, r) + ((ulong)b * H + h) * T;
  __global float *delta_row = BLOCK(delta, r) + ((ulong)b * H + h) * T;
  __global float *query_gradient = BLOCK(projection_gradient, r) + start * 3 * C + h * D;
  const int t0 = ((int)get_num_groups(2) - 1 - (int)get_group_id(2)) * TILE;
  const int keys = t0 < length ? min(t0 + TILE, length) : 0;
  const row_numbers newest = min(t0 + BASE_ROW + LANE_ROWS, (row_numbers)(length - 1));
  channels dq;
#define START_GRADIENT(c) dq.r##c = 0.0f;
  EACH_CHANNEL(START_GRADIENT)

  for (int i = 0; i < ROWS; ++i) {
    const int row = i * (TILE / ROWS) + ITEM_Y, t = t0 + row;
    float dot = 0.0f;
    for (int d = ITEM_X; d < WIDTH; d += 16)
      if (t < length && d < D)
        dot = fma(gradient[t * C + d], out[t * C + d], dot);
    ((__local float *)strip)[ITEM_X * 4 * ROW_STRIDE + row] = dot;
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  float dot = 0.0f;
  for (int x = 0; x < 16; ++x)
    dot += ((const __local float *)strip)[x * 4 * ROW_STRIDE + ITEM % TILE];
  if (ITEM < TILE) {
    const int t = t0 + ITEM;
    ((__local float *)row_delta)[ITEM] = dot;
    ((__local float *)row_lse)[ITEM] = t < length ? lse[t] : 0.0f;
    if (t < end)
      delta_row[t] = dot;
  }

  for (int s0 = 0; s0 < keys; s0 += TILE) {
    const int count = min(TILE, keys - s0);
    // No query of the warp sees a key from this one on.
    const int last = t0 + WARP_ROW >= length ? 0 : s0 == t0 ? min(count, WARP_ROW + 16) : count;
    columns x, ds;
    score_block(block, query, 3 * C, t0, scale, key, 3 * C, s0, 1.0f, length, 0, last, angles, &x);
    score_block(block, gradient, C, t0, 1.0f, value, 3 * C, s0, 1.0f, length, 0, last, 0, &ds);
    barrier(CLK_LOCAL_MEM_FENCE);
#define SCORE_GRADIENT(j) \
    ds.r##j = exponential_of_rows(x.r##j - load_column(row_lse)) * (ds.r##j - load_column(row_delta)); \
    ds.r##j = (row_numbers)(s0 + ITEM_X + 16 * j) > newest ? (rows)(0.0f) : ds.r##j; \
    store_column(ds.r##j, block + (ITEM_X + 16 * j) * ROW_STRIDE);
    EACH_COLUMN(SCORE_GRADIENT)
    add_weighted(block, strip, key, 3 * C, s0, count, 0, last, angles, &dq);
  }
  store_block(&dq, scale, query_gradient, 3 * C, t0, length, end, block, angles);
}
