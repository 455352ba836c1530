// Root-mean-square normalisation of rows (Zhang & Sennrich 2019, arXiv:1910.07467).
//
//   output[c] = input[c] * s * weight[c],  s = 1 / sqrt(mean of input^2 + epsilon)
//
// input, output (R, M, C); weight (R, C); scale (R, M): s
// Launch: teams (ceil(M / rows_per_item), R). A team computes whole rows.

__kernel TEAM_GROUP void rms_norm(FLOATS(input), FLOATS(weight), FLOATS(output), FLOATS(scale),
    LIVE, const int M, const int C, const float epsilon, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * rows_per_item;
  const __global float *w = BLOCK(weight, r);
  TEAM_SCRATCH;
  for (int m = first; m < min(first + rows_per_item, LIVE_ROWS(r, M)); ++m) {
    const __global float *x = BLOCK(input, r) + (ulong)m * C;
    __global float *y = BLOCK(output, r) + (ulong)m * C;
    float8 squares = 0.0f;
    int c = 0;
    for (; c < WIDE(C); c += 8) {
      const float8 a = vload8(0, x + c);
      squares = fma(a, a, squares);
    }
    float sum = sum8(squares);
    for (c += TEAM_MEMBER; c < C; c += TEAM)
      sum = fma(x[c], x[c], sum);
    sum = team_sum(sum);
    const float s = 1.0f / sqrt(sum / C + epsilon);
    for (c = 0; c < WIDE(C); c += 8)
      vstore8(vload8(0, x + c) * s * vload8(0, w + c), 0, y + c);
    for (c += TEAM_MEMBER; c < C; c += TEAM)
      y[c] = x[c] * s * w[c];
    if (TEAM_MEMBER == 0)
      BLOCK(scale, r)[m] = s;
  }
}
