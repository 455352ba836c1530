// The gradient of causal attention with respect to its keys and values.
//
//   in the forward pass: p_ts = exp(q_t . k_s / sqrt(D) - lse_t), out_t = sum over s of p_ts v_s
//   so now, with g = d out:  dv_s = sum over t >= s of p_ts g_t
//                            dk_s = 1/sqrt(D) * sum over t >= s of p_ts (g_t . v_s - delta_t) q_t
//
// projection, projection_gradient (R, B, T, 3C); output_gradient (R, B, T, C)
// log_sum_exp, delta              (R, B, H, T)
// Launch: global (G, H, R*B); work-item g makes tiles g, g + G, ... of LANES keys. Needs -DD=.
// A key owns its sum over queries, t ascending: no atomics.

__kernel void attention_gradient_key(FLOATS(projection), INTEGERS(lengths), FLOATS(log_sum_exp),
    FLOATS(output_gradient), FLOATS(delta), FLOATS(projection_gradient),
    const int B, const int T, const int H, const float scale)
{
  const int h = (int)get_global_id(1);
  const int r = (int)get_global_id(2) / B, b = (int)get_global_id(2) % B;
  const int C = H * D, length = BLOCK(lengths, r)[b];
  const __global float *query = BLOCK(projection, r) + (ulong)b * T * 3 * C + h * D;
  const __global float *key = query + C, *value = query + 2 * C;
  const __global float *gradient = BLOCK(output_gradient, r) + (ulong)b * T * C + h * D;
  const __global float *lse = BLOCK(log_sum_exp, r) + ((ulong)b * H + h) * T;
  const __global float *delta_row = BLOCK(delta, r) + ((ulong)b * H + h) * T;
  __global float *key_gradient = BLOCK(projection_gradient, r) + (ulong)b * T * 3 * C + C + h * D;
  __global float *value_gradient = key_gradient + C;

  for (int s0 = (int)get_global_id(0) * LANES; s0 < T; s0 += (int)get_global_size(0) * LANES) {
    float lane[LANES];
    vector k[D], v[D], dk[D], dv[D];
    if (s0 < length) {
      for (int d = 0; d < D; ++d) {
        for (int i = 0; i < LANES; ++i)
          lane[i] = key[(ulong)min(s0 + i, T - 1) * 3 * C + d];
        k[d] = vector_load(lane) * scale;
        for (int i = 0; i < LANES; ++i)
          lane[i] = value[(ulong)min(s0 + i, T - 1) * 3 * C + d];
        v[d] = vector_load(lane);
        dk[d] = 0.0f;
        dv[d] = 0.0f;
      }
      for (int t = s0; t < length; ++t) {
        const __global float *q = query + (ulong)t * 3 * C, *g = gradient + (ulong)t * C;
        vector x = 0.0f, dp = 0.0f;
        for (int d = 0; d < D; ++d) {
          x = fma(k[d], (vector)(q[d]), x);
          dp = fma(v[d], (vector)(g[d]), dp);
        }
        vector p = exp(x - lse[t]);
        if (t < s0 + LANES - 1) {
          vector_store(p, lane);
          for (int i = 0; i < LANES; ++i)
            if (s0 + i > t)
              lane[i] = 0.0f;
          p = vector_load(lane);
        }
        const vector ds = p * (dp - delta_row[t]);
        for (int d = 0; d < D; ++d) {
          dk[d] = fma(ds, (vector)(q[d]), dk[d]);
          dv[d] = fma(p, (vector)(g[d]), dv[d]);
        }
      }
    }
    for (int d = 0; d < D; ++d) {
      if (s0 < length)
        vector_store(dk[d] * scale, lane);
      for (int i = 0; i < LANES && s0 + i < T; ++i)
        key_gradient[(ulong)(s0 + i) * 3 * C + d] = s0 + i < length ? lane[i] : 0.0f;
      if (s0 < length)
        vector_store(dv[d], lane);
      for (int i = 0; i < LANES && s0 + i < T; ++i)
        value_gradient[(ulong)(s0 + i) * 3 * C + d] = s0 + i < length ? lane[i] : 0.0f;
    }
  }
}
