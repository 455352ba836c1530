// The gradient of causal attention with respect to its queries.
//
//   in the forward pass: p_ts = exp(q_t . k_s / sqrt(D) - lse_t), out_t = sum over s of p_ts v_s
//   so now, with g = d out:  delta_t = g_t . out_t,  ds_ts = p_ts (g_t . v_s - delta_t)
//                            dq_t = 1/sqrt(D) * sum over s <= t of ds_ts k_s
//
// projection, projection_gradient (R, B, T, 3C); output, output_gradient (R, B, T, C)
// log_sum_exp, delta              (R, B, H, T): delta is written, attention_gradient_key reads it
// Launch: global (G, H, R*B); work-item g computes tiles g, g + G, ... of LANES queries. Needs -DD=.
// The sum of a query over keys, s ascending, is in one work-item: no atomics. Keys are processed in
// blocks of KEYS, which share the loads of a query.

#define KEYS 4

__kernel void attention_gradient_query(FLOATS(projection), SEQUENCES, FLOATS(output),
    FLOATS(log_sum_exp), FLOATS(output_gradient), FLOATS(projection_gradient), FLOATS(delta),
    const int B, const int T, const int H, const float scale)
{
  const int h = (int)get_global_id(1);
  const int r = (int)get_global_id(2) / B, b = (int)get_global_id(2) % B;
  const int C = H * D, length = BLOCK(lengths, r)[b], end = SEQUENCE_END;
  const ulong row = SEQUENCE_START;
  const __global float *query = BLOCK(projection, r) + row * 3 * C + h * D;
  const __global float *key = query + C, *value = query + 2 * C;
  const __global float *out = BLOCK(output, r) + row * C + h * D;
  const __global float *gradient = BLOCK(output_gradient, r) + row * C + h * D;
  const __global float *lse = BLOCK(log_sum_exp, r) + ((ulong)b * H + h) * T;
  __global float *delta_row = BLOCK(delta, r) + ((ulong)b * H + h) * T;
  __global float *query_gradient = BLOCK(projection_gradient, r) + row * 3 * C + h * D;

  for (int t0 = (int)get_global_id(0) * LANES; t0 < end; t0 += (int)get_global_size(0) * LANES) {
    vector q[D], g[D], dq[D];
    vector dot = 0.0f;
    for (int d = 0; d < D; ++d)
      dq[d] = 0.0f;
    if (t0 < length) {
      load_columns(out, C, t0, end, q);
      load_columns(gradient, C, t0, end, g);
      for (int d = 0; d < D; ++d)
        dot = fma(g[d], q[d], dot);
      load_columns(query, 3 * C, t0, end, q);
      for (int d = 0; d < D; ++d)
        q[d] *= scale;
      const vector log_sum = load_lanes(lse, t0, end);
      for (int s0 = 0; s0 < min(t0 + LANES, length); s0 += KEYS) {
        ulong at[KEYS];
        vector x[KEYS], ds[KEYS];
#pragma unroll
        for (int j = 0; j < KEYS; ++j) {
          at[j] = (ulong)min(s0 + j, length - 1) * 3 * C;
          x[j] = 0.0f;
          ds[j] = 0.0f;
        }
        for (int d = 0; d < D; ++d)
#pragma unroll
          for (int j = 0; j < KEYS; ++j) {
            x[j] = fma(q[d], (vector)(key[at[j] + d]), x[j]);
            ds[j] = fma(g[d], (vector)(value[at[j] + d]), ds[j]);
          }
#pragma unroll
        for (int j = 0; j < KEYS; ++j) {
          // Lanes whose query comes before the key, and all lanes of a key past the end, get 0.
          const float first = s0 + j < length ? s0 + j - t0 : LANES;
          ds[j] = exponential_to_88(x[j] - log_sum) * (ds[j] - dot);
          ds[j] = LANE_NUMBERS < (vector)(first) ? (vector)(0.0f) : ds[j];
        }
        for (int d = 0; d < D; ++d) {
          vector y = dq[d];
#pragma unroll
          for (int j = 0; j < KEYS; ++j)
            y = fma(ds[j], (vector)(key[at[j] + d]), y);
          dq[d] = y;
        }
      }
    }
    store_columns(dq, scale, query_gradient, 3 * C, t0, length, end);
    store_lanes(dot, delta_row, t0, length, end);
  }
}
