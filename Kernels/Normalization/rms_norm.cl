// Root-mean-square normalisation of rows (Zhang & Sennrich 2019, arXiv:1910.07467).
//
//   output[c] = input[c] * s * weight[c],  s = 1 / sqrt(mean of input^2 + epsilon)
//
// input, output (R, M, C); weight (R, C); scale (R, M): s
// Launch: global (ceil(M / rows_per_item), R). A work-item owns whole rows.

__kernel void rms_norm(FLOATS(input), FLOATS(weight), FLOATS(output), FLOATS(scale),
    LIVE, const int M, const int C, const float epsilon, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = (int)get_global_id(0) * rows_per_item;
  const __global float *w = BLOCK(weight, r);
  for (int m = first; m < min(first + rows_per_item, LIVE_ROWS(r, M)); ++m) {
    const __global float *x = BLOCK(input, r) + (ulong)m * C;
    __global float *y = BLOCK(output, r) + (ulong)m * C;
    float8 squares = 0.0f;
    int c = 0;
    for (; c + 8 <= C; c += 8) {
      const float8 a = vload8(0, x + c);
      squares = fma(a, a, squares);
    }
    float sum = sum8(squares);
    for (; c < C; ++c)
      sum = fma(x[c], x[c], sum);
    const float s = 1.0f / sqrt(sum / C + epsilon);
    for (c = 0; c + 8 <= C; c += 8)
      vstore8(vload8(0, x + c) * s * vload8(0, w + c), 0, y + c);
    for (; c < C; ++c)
      y[c] = x[c] * s * w[c];
    BLOCK(scale, r)[m] = s;
  }
}
