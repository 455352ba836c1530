// Attention of one new position per row over a layer's caches, after storing its key and value.
//
//   output[b,h,:] = sum over s <= t of softmax_s(q . k_s / sqrt(D)) v_s,  t = positions[b]
//
// projection   (R, B, 1, 3C): rotated
// keys, values (R, B, H, T, D): element t is written
// positions    (R, B)
// output       (R, B, 1, C)
// Launch: global (H, B, R). A work-item owns a head of a row. Needs -DD=.
// One pass with the online maximum; the first key makes the maximum finite.

__kernel void attention_decode(FLOATS(projection), FLOATS(keys), FLOATS(values),
    INTEGERS(positions), FLOATS(output), const int H, const int T, const float scale)
{
  const int h = (int)get_global_id(0), b = (int)get_global_id(1), r = (int)get_global_id(2);
  const int C = H * D, t = BLOCK(positions, r)[b];
  const __global float *x = BLOCK(projection, r) + (ulong)b * 3 * C + h * D;
  __global float *key = BLOCK(keys, r) + ((ulong)b * H + h) * T * D;
  __global float *value = BLOCK(values, r) + ((ulong)b * H + h) * T * D;
  float q[D], o[D];
  for (int d = 0; d < D; ++d) {
    q[d] = x[d] * scale;
    o[d] = 0.0f;
    key[(ulong)t * D + d] = x[C + d];
    value[(ulong)t * D + d] = x[2 * C + d];
  }
  float largest = -INFINITY, sum = 0.0f;
  for (int s = 0; s <= t; ++s) {
    float score = 0.0f;
    for (int d = 0; d < D; ++d)
      score = fma(q[d], s == t ? x[C + d] : key[(ulong)s * D + d], score);
    const float above = fmax(largest, score);
    const float correction = exponential(largest - above), p = exponential(score - above);
    largest = above;
    sum = fma(sum, correction, p);
    for (int d = 0; d < D; ++d)
      o[d] = fma(p, s == t ? x[2 * C + d] : value[(ulong)s * D + d], o[d] * correction);
  }
  __global float *out = BLOCK(output, r) + (ulong)b * C + h * D;
  for (int d = 0; d < D; ++d)
    out[d] = o[d] / sum;
}
