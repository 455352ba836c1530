// Causal scaled dot-product attention.
//
//   output[b,t,h,:] = sum over s <= t of softmax_s(q_t . k_s / sqrt(D)) v_s
//
// projection  (R, B, T, 3C): query | key | value, each H heads of D
// lengths     (R, B): positions of a sequence; past them output and log_sum_exp are 0
// output      (R, B, T, C)
// log_sum_exp (R, B, H, T): kept for the gradient
// Launch: global (G, H, R*B); work-item g computes tiles g, g + G, ... of LANES queries. Needs -DD=.
//
// Queries are the lanes of a vector. A key's element is broadcast to all lanes, so scores need no
// horizontal sum, and one exponential computes LANES pairs. Keys are processed in blocks of 8,
// which share the loads of a query and have one rescaling (online maximum: Milakov & Gimelshein
// 2018, arXiv:1805.02867). Block s0 has a key that every lane may see (s0 <= t0, since tiles begin
// at multiples of 8), so a maximum is never -infinity. Only the causal half is computed.
// Twin: Sources/TensorsCPU/Attention.swift

#define KEYS 8

__kernel void attention_forward(FLOATS(projection), SEQUENCES, FLOATS(output),
    FLOATS(log_sum_exp), const int B, const int T, const int H, const float scale)
{
  const int h = (int)get_global_id(1);
  const int r = (int)get_global_id(2) / B, b = (int)get_global_id(2) % B;
  const int C = H * D, length = BLOCK(lengths, r)[b], end = SEQUENCE_END;
  const ulong row = SEQUENCE_START;
  const __global float *query = BLOCK(projection, r) + row * 3 * C + h * D;
  const __global float *key = query + C, *value = query + 2 * C;
  __global float *out = BLOCK(output, r) + row * C + h * D;
  __global float *lse = BLOCK(log_sum_exp, r) + ((ulong)b * H + h) * T;

  for (int t0 = (int)get_global_id(0) * LANES; t0 < end; t0 += (int)get_global_size(0) * LANES) {
    vector q[D], o[D];
    vector largest = -INFINITY, sum = 0.0f;
    for (int d = 0; d < D; ++d)
      o[d] = 0.0f;
    if (t0 < length) {
      load_columns(query, 3 * C, t0, end, q);
      for (int d = 0; d < D; ++d)
        q[d] *= scale;
      for (int s0 = 0; s0 < min(t0 + LANES, length); s0 += KEYS) {
        ulong at[KEYS];
        vector score[KEYS];
#pragma unroll
        for (int j = 0; j < KEYS; ++j) {
          at[j] = (ulong)min(s0 + j, length - 1) * 3 * C;
          score[j] = 0.0f;
        }
        for (int d = 0; d < D; ++d)
#pragma unroll
          for (int j = 0; j < KEYS; ++j)
            score[j] = fma(q[d], (vector)(key[at[j] + d]), score[j]);
        if (s0 + KEYS > min(t0 + 1, length))
#pragma unroll
          for (int j = 0; j < KEYS; ++j) {
            const float first = s0 + j < length ? s0 + j - t0 : LANES;
            score[j] = LANE_NUMBERS < (vector)(first) ? (vector)(-INFINITY) : score[j];
          }
        const vector first_half =
            larger(larger(score[0], score[1]), larger(score[2], score[3]));
        const vector second_half =
            larger(larger(score[4], score[5]), larger(score[6], score[7]));
        const vector block_largest = larger(larger(first_half, second_half), largest);
        const vector correction = exponential_to_88(largest - block_largest);
        largest = block_largest;
        sum *= correction;
#pragma unroll
        for (int j = 0; j < KEYS; ++j) {
          score[j] = exponential_to_88(score[j] - largest);
          sum += score[j];
        }
        for (int d = 0; d < D; ++d) {
          vector x = o[d] * correction;
#pragma unroll
          for (int j = 0; j < KEYS; ++j)
            x = fma(score[j], (vector)(value[at[j] + d]), x);
          o[d] = x;
        }
      }
    }
    store_columns(o, 1.0f / sum, out, C, t0, length, end);
    store_lanes(largest + log(sum), lse, t0, length, end);
  }
}
