// The gradient of causal attention with respect to its queries.
//
//   in the forward pass: p_ts = exp(q_t . k_s / sqrt(D) - lse_t), out_t = sum over s of p_ts v_s
//   so now, with g = d out:  delta_t = g_t . out_t,  ds_ts = p_ts (g_t . v_s - delta_t)
//                            dq_t = 1/sqrt(D) * sum over s <= t of ds_ts k_s
//
// projection, projection_gradient (R, B, T, 3C); output, output_gradient (R, B, T, C)
// log_sum_exp, delta              (R, B, H, T): delta is written, attention_gradient_key reads it
// Launch: global (G, H, R*B); work-item g makes tiles g, g + G, ... of LANES queries. Needs -DD=.
// A query owns its sum over keys, s ascending: no atomics.

__kernel void attention_gradient_query(FLOATS(projection), INTEGERS(lengths), FLOATS(output),
    FLOATS(log_sum_exp), FLOATS(output_gradient), FLOATS(projection_gradient), FLOATS(delta),
    const int B, const int T, const int H, const float scale)
{
  const int h = (int)get_global_id(1);
  const int r = (int)get_global_id(2) / B, b = (int)get_global_id(2) % B;
  const int C = H * D, length = BLOCK(lengths, r)[b];
  const __global float *query = BLOCK(projection, r) + (ulong)b * T * 3 * C + h * D;
  const __global float *key = query + C, *value = query + 2 * C;
  const __global float *out = BLOCK(output, r) + (ulong)b * T * C + h * D;
  const __global float *gradient = BLOCK(output_gradient, r) + (ulong)b * T * C + h * D;
  const __global float *lse = BLOCK(log_sum_exp, r) + ((ulong)b * H + h) * T;
  __global float *delta_row = BLOCK(delta, r) + ((ulong)b * H + h) * T;
  __global float *query_gradient = BLOCK(projection_gradient, r) + (ulong)b * T * 3 * C + h * D;

  for (int t0 = (int)get_global_id(0) * LANES; t0 < T; t0 += (int)get_global_size(0) * LANES) {
    float lane[LANES];
    vector q[D], g[D], dq[D];
    vector dot = 0.0f;
    if (t0 < length) {
      for (int d = 0; d < D; ++d) {
        for (int i = 0; i < LANES; ++i)
          lane[i] = query[(ulong)min(t0 + i, T - 1) * 3 * C + d];
        q[d] = vector_load(lane) * scale;
        for (int i = 0; i < LANES; ++i)
          lane[i] = gradient[(ulong)min(t0 + i, T - 1) * C + d];
        g[d] = vector_load(lane);
        for (int i = 0; i < LANES; ++i)
          lane[i] = out[(ulong)min(t0 + i, T - 1) * C + d];
        dot = fma(g[d], vector_load(lane), dot);
        dq[d] = 0.0f;
      }
      for (int i = 0; i < LANES; ++i)
        lane[i] = lse[min(t0 + i, T - 1)];
      const vector log_sum = vector_load(lane);
      const int last = min(t0 + LANES, length);
      for (int s = 0; s < last; ++s) {
        const __global float *k = key + (ulong)s * 3 * C, *v = value + (ulong)s * 3 * C;
        vector x = 0.0f, dp = 0.0f;
        for (int d = 0; d < D; ++d) {
          x = fma(q[d], (vector)(k[d]), x);
          dp = fma(g[d], (vector)(v[d]), dp);
        }
        vector ds = exp(x - log_sum) * (dp - dot);
        if (s > t0) {
          vector_store(ds, lane);
          for (int i = 0; i < LANES; ++i)
            if (s > t0 + i)
              lane[i] = 0.0f;
          ds = vector_load(lane);
        }
        for (int d = 0; d < D; ++d)
          dq[d] = fma(ds, (vector)(k[d]), dq[d]);
      }
    }
    for (int d = 0; d < D; ++d) {
      if (t0 < length)
        vector_store(dq[d] * scale, lane);
      for (int i = 0; i < LANES && t0 + i < T; ++i)
        query_gradient[(ulong)(t0 + i) * 3 * C + d] = t0 + i < length ? lane[i] : 0.0f;
    }
    vector_store(dot, lane);
    for (int i = 0; i < LANES && t0 + i < T; ++i)
      delta_row[t0 + i] = t0 + i < length ? lane[i] : 0.0f;
  }
}
