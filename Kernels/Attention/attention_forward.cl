// Causal scaled dot-product attention.
//
//   output[b,t,h,:] = sum over s <= t of softmax_s(q_t . k_s / sqrt(D)) v_s
//
// projection  (R, B, T, 3C): query | key | value, each H heads of D
// lengths     (R, B): positions of a row; past them output and log_sum_exp are 0
// output      (R, B, T, C)
// log_sum_exp (R, B, H, T): kept for the gradient
// Launch: global (G, H, R*B); work-item g makes tiles g, g + G, ... of LANES queries. Needs -DD=.
//
// Queries are the lanes of a vector: a key's element is broadcast to all of them, so scores need no
// horizontal sum, and one exponential serves LANES pairs. Keys come in blocks of 8 with one rescaling
// per block (online maximum: Milakov & Gimelshein 2018, arXiv:1805.02867). Block s0 holds a key that
// every lane may see (s0 <= t0, since tiles begin at multiples of 8), so a maximum is never -infinity.
// Only the causal half is visited.
// Twin: Sources/TensorsCPU/Attention.swift

#define KEYS 8

__kernel void attention_forward(FLOATS(projection), INTEGERS(lengths), FLOATS(output),
    FLOATS(log_sum_exp), const int B, const int T, const int H, const float scale)
{
  const int h = (int)get_global_id(1);
  const int r = (int)get_global_id(2) / B, b = (int)get_global_id(2) % B;
  const int C = H * D, length = BLOCK(lengths, r)[b];
  const __global float *query = BLOCK(projection, r) + (ulong)b * T * 3 * C + h * D;
  const __global float *key = query + C, *value = query + 2 * C;
  __global float *out = BLOCK(output, r) + (ulong)b * T * C + h * D;
  __global float *lse = BLOCK(log_sum_exp, r) + ((ulong)b * H + h) * T;

  for (int t0 = (int)get_global_id(0) * LANES; t0 < T; t0 += (int)get_global_size(0) * LANES) {
    float lane[LANES];
    vector q[D], o[D];
    vector largest = -INFINITY, sum = 0.0f;
    if (t0 < length) {
      for (int d = 0; d < D; ++d) {
        for (int i = 0; i < LANES; ++i)
          lane[i] = query[(ulong)min(t0 + i, T - 1) * 3 * C + d];
        q[d] = vector_load(lane) * scale;
        o[d] = 0.0f;
      }
      const int last = min(t0 + LANES, length);
      for (int s0 = 0; s0 < last; s0 += KEYS) {
        vector score[KEYS];
        vector block_largest = largest;
        for (int j = 0; j < KEYS; ++j) {
          const int s = s0 + j;
          const __global float *k = key + (ulong)min(s, length - 1) * 3 * C;
          vector x = 0.0f;
          for (int d = 0; d < D; ++d)
            x = fma(q[d], (vector)(k[d]), x);
          if (s > t0 || s >= length) {
            vector_store(x, lane);
            for (int i = 0; i < LANES; ++i)
              if (s > t0 + i || s >= length)
                lane[i] = -INFINITY;
            x = vector_load(lane);
          }
          score[j] = x;
          block_largest = fmax(block_largest, x);
        }
        const vector correction = exp(largest - block_largest);
        largest = block_largest;
        sum *= correction;
        for (int d = 0; d < D; ++d)
          o[d] *= correction;
        for (int j = 0; j < KEYS && s0 + j < last; ++j) {
          const __global float *v = value + (ulong)(s0 + j) * 3 * C;
          const vector p = exp(score[j] - largest);
          sum += p;
          for (int d = 0; d < D; ++d)
            o[d] = fma(p, (vector)(v[d]), o[d]);
        }
      }
      const vector inverse = 1.0f / sum;
      for (int d = 0; d < D; ++d)
        o[d] *= inverse;
      largest += log(sum);
    }
    for (int d = 0; d < D; ++d) {
      if (t0 < length)
        vector_store(o[d], lane);
      for (int i = 0; i < LANES && t0 + i < T; ++i)
        out[(ulong)(t0 + i) * C + d] = t0 + i < length ? lane[i] : 0.0f;
    }
    vector_store(largest, lane);
    for (int i = 0; i < LANES && t0 + i < T; ++i)
      lse[t0 + i] = t0 + i < length ? lane[i] : 0.0f;
  }
}
