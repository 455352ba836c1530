// The gradient of causal attention with respect to its keys and values, for devices with many lanes
// and fast local memory (GPUs).
//
//   in the forward pass: p_ts = exp(q_t . k_s / sqrt(D) - lse_t), out_t = sum over s of p_ts v_s
//   so now, with g = d out:  dv_s = sum over t >= s of p_ts g_t
//                            dk_s = 1/sqrt(D) * sum over t >= s of p_ts (g_t . v_s - delta_t) q_t
//
// projection, projection_gradient (R, B, T, 3C); output_gradient (R, B, T, C)
// table (1, positions, D/2, 2), if has_table: queries and keys are rotated by it as in rotary.cl, and the
//       gradient of keys is turned back
// log_sum_exp, delta              (R, B, H, T)
// Launch: global (16 * R*B, TILE / ROWS * H, ceil(T / TILE)), local (16, TILE / ROWS, 1), or the rows of B from
// first_group on.
// Needs -DD= and -DTILE=, 16, 32 or 64. -DROWS= is 8 unless given.
//
// A work-group computes the sums of TILE keys over blocks of TILE queries from the diagonal on, t
// ascending: no atomics. Keys are the rows of a block and queries its columns. All products are
// products of matrices in local memory (attention_blocks.cl).

__kernel __attribute__((reqd_work_group_size(16, TILE / ROWS, 1)))
void attention_gradient_key_local(FLOATS(projection), FLOATS(table), const int has_table, SEQUENCES,
    FLOATS(log_sum_exp), FLOATS(output_gradient), FLOATS(delta), FLOATS(projection_gradient),
    const int B, const int T, const int H, const float scale,
    const int first_group)
{
  __local float4 block[BLOCK_SIZE], strip[STRIP_SIZE];
  const int h = (int)get_group_id(1);
  const int row = first_group + (int)get_group_id(0), r = row / B, b = row % B;
  const int C = H * D, length = BLOCK(lengths, r)[b], end = SEQUENCE_END;
  const ulong start = SEQUENCE_START;
  const __global float *query = BLOCK(projection, r) + start * 3 * C + h * D;
  const __global float *key = query + C, *value = query + 2 * C;
  const __global float *angles = ANGLES;
  const __global float *gradient = BLOCK(output_gradient, r) + start * C + h * D;
  const __global float *lse = BLOCK(log_sum_exp, r) + ((ulong)b * H + h) * T;
  const __global float *delta_row = BLOCK(delta, r) + ((ulong)b * H + h) * T;
  __global float *key_gradient = BLOCK(projection_gradient, r) + start * 3 * C + C + h * D;
  const int s0 = (int)get_group_id(2) * TILE;
  const row_numbers s = s0 + BASE_ROW + LANE_ROWS;
  channels dk, dv;
#define START_GRADIENTS(c) dk.r##c = 0.0f; dv.r##c = 0.0f;
  EACH_CHANNEL(START_GRADIENTS)

  for (int t0 = s0; t0 < length; t0 += TILE) {
    const int count = min(TILE, length - t0);
    // Queries before this one see no key of the warp.
    const int first = t0 == s0 ? WARP_ROW : 0;
    columns p, ds;
    score_block(block, key, 3 * C, s0, scale, query, 3 * C, t0, 1.0f, length, first, count, angles, &p);
    score_block(block, value, 3 * C, s0, 1.0f, gradient, C, t0, 1.0f, length, first, count, 0, &ds);
    barrier(CLK_LOCAL_MEM_FENCE);
// Keys that come after the query, and all of them for a query past the end, get 0.
#define WEIGHT(j) \
    const int t = t0 + ITEM_X + 16 * j, existing = min(t, length - 1); \
    const row_numbers unseen = s > (row_numbers)(t < length ? t : -1); \
    p.r##j = unseen ? (rows)(0.0f) : exponential_of_rows(p.r##j - lse[existing]); \
    ds.r##j = unseen ? (rows)(0.0f) : p.r##j * (ds.r##j - delta_row[existing]); \
    store_column(p.r##j, block + (ITEM_X + 16 * j) * ROW_STRIDE);
    EACH_COLUMN(WEIGHT)
    add_weighted(block, strip, gradient, C, t0, count, first, count, 0, &dv);
    barrier(CLK_LOCAL_MEM_FENCE);
#define PUT_GRADIENT(j) store_column(ds.r##j, block + (ITEM_X + 16 * j) * ROW_STRIDE);
    EACH_COLUMN(PUT_GRADIENT)
    add_weighted(block, strip, query, 3 * C, t0, count, first, count, angles, &dk);
  }
  store_block(&dv, 1.0f, key_gradient + C, 3 * C, s0, length, end, 0, 0);
  store_block(&dk, scale, key_gradient, 3 * C, s0, length, end, block, angles);
}
