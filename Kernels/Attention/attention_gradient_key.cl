// The gradient of causal attention with respect to its keys and values.
//
//   in the forward pass: p_ts = exp(q_t . k_s / sqrt(D) - lse_t), out_t = sum over s of p_ts v_s
//   so now, with g = d out:  dv_s = sum over t >= s of p_ts g_t
//                            dk_s = 1/sqrt(D) * sum over t >= s of p_ts (g_t . v_s - delta_t) q_t
//
// projection, projection_gradient (R, B, T, 3C); output_gradient (R, B, T, C)
// log_sum_exp, delta              (R, B, H, T)
// Launch: global (G, H, R*B); work-item g computes tiles g, g + G, ... of LANES keys. Needs -DD=.
// The sum of a key over queries, t ascending, is in one work-item: no atomics. Queries are
// processed in blocks of ROWS, which share the loads of a key.

#define ROWS 4

__kernel void attention_gradient_key(FLOATS(projection), SEQUENCES, FLOATS(log_sum_exp),
    FLOATS(output_gradient), FLOATS(delta), FLOATS(projection_gradient),
    const int B, const int T, const int H, const float scale)
{
  const int h = (int)get_global_id(1);
  const int r = (int)get_global_id(2) / B, b = (int)get_global_id(2) % B;
  const int C = H * D, length = BLOCK(lengths, r)[b], end = SEQUENCE_END;
  const ulong row = SEQUENCE_START;
  const __global float *query = BLOCK(projection, r) + row * 3 * C + h * D;
  const __global float *key = query + C;
  const __global float *gradient = BLOCK(output_gradient, r) + row * C + h * D;
  const __global float *lse = BLOCK(log_sum_exp, r) + ((ulong)b * H + h) * T;
  const __global float *delta_row = BLOCK(delta, r) + ((ulong)b * H + h) * T;
  __global float *key_gradient = BLOCK(projection_gradient, r) + row * 3 * C + C + h * D;

  for (int s0 = (int)get_global_id(0) * LANES; s0 < end; s0 += (int)get_global_size(0) * LANES) {
    vector k[D], v[D], dk[D], dv[D];
    for (int d = 0; d < D; ++d) {
      dk[d] = 0.0f;
      dv[d] = 0.0f;
    }
    if (s0 < length) {
      load_columns(key, 3 * C, s0, end, k);
      load_columns(key + C, 3 * C, s0, end, v);
      for (int d = 0; d < D; ++d)
        k[d] *= scale;
      for (int t0 = s0; t0 < length; t0 += ROWS) {
        ulong at[ROWS];
        vector p[ROWS], ds[ROWS];
#pragma unroll
        for (int j = 0; j < ROWS; ++j) {
          at[j] = min(t0 + j, length - 1);
          p[j] = 0.0f;
          ds[j] = 0.0f;
        }
        for (int d = 0; d < D; ++d)
#pragma unroll
          for (int j = 0; j < ROWS; ++j) {
            p[j] = fma(k[d], (vector)(query[at[j] * 3 * C + d]), p[j]);
            ds[j] = fma(v[d], (vector)(gradient[at[j] * C + d]), ds[j]);
          }
#pragma unroll
        for (int j = 0; j < ROWS; ++j) {
          // Lanes whose key comes after the query, and all lanes of a query past the end, get 0.
          const float last = t0 + j < length ? t0 + j - s0 : -1;
          p[j] = exponential_to_88(p[j] - lse[at[j]]);
          p[j] = LANE_NUMBERS > (vector)(last) ? (vector)(0.0f) : p[j];
          ds[j] = p[j] * (ds[j] - delta_row[at[j]]);
        }
        for (int d = 0; d < D; ++d) {
          vector x = dk[d], y = dv[d];
#pragma unroll
          for (int j = 0; j < ROWS; ++j) {
            x = fma(ds[j], (vector)(query[at[j] * 3 * C + d]), x);
            y = fma(p[j], (vector)(gradient[at[j] * C + d]), y);
          }
          dk[d] = x;
          dv[d] = y;
        }
      }
    }
    store_columns(dk, scale, key_gradient, 3 * C, s0, length, end);
    store_columns(dv, 1.0f, key_gradient + C, 3 * C, s0, length, end);
  }
}
