// The gradient of rms_norm.
//
//   in the forward pass: y_c = x_c s w_c,  s = (mean x^2 + epsilon)^(-1/2),  so ds/dx_j = -x_j s^3 / C
//   so now, with g = dy:  dx_c = s (w_c g_c - x_c s^2 / C * sum over j of w_j g_j x_j)  (+ addend_c)
//                         dw_c = sum over rows of g_c x_c s
//
// input, output_gradient, addend, input_gradient (R, M, C); weight (R, C); scale (R, M)
// partial (R, blocks, C): a block's part of dw; sum_blocks adds the parts in a fixed order.
//         blocks = ceil(M / rows_per_block) depends on M alone
// Launch: teams (blocks, R).

__kernel TEAM_GROUP void rms_norm_gradient(FLOATS(input), FLOATS(weight), FLOATS(scale),
    FLOATS(output_gradient), FLOATS(addend), FLOATS(input_gradient), FLOATS(partial),
    LIVE, const int M, const int C, const int adds, const int rows_per_block)
{
  const int r = (int)get_global_id(1), block = TEAM_NUMBER;
  if (block * rows_per_block >= M)
    return;
  const __global float *w = BLOCK(weight, r);
  __global float *dw = BLOCK(partial, r) + (ulong)block * C;
  TEAM_SCRATCH;
  for (int c = TEAM_MEMBER; c < C; c += TEAM)
    dw[c] = 0.0f;
  for (int m = block * rows_per_block; m < min((block + 1) * rows_per_block, LIVE_ROWS(r, M)); ++m) {
    const ulong at = (ulong)m * C;
    const __global float *x = BLOCK(input, r) + at;
    const __global float *g = BLOCK(output_gradient, r) + at;
    const __global float *a = BLOCK(addend, r) + at;
    __global float *dx = BLOCK(input_gradient, r) + at;
    const float s = BLOCK(scale, r)[m];
    float8 products = 0.0f;
    int c = 0;
    for (; c < WIDE(C); c += 8)
      products = fma(vload8(0, w + c) * vload8(0, g + c), vload8(0, x + c), products);
    float dot = sum8(products);
    for (c += TEAM_MEMBER; c < C; c += TEAM)
      dot = fma(w[c] * g[c], x[c], dot);
    dot = team_sum(dot);
    const float pull = dot * s * s / C;
    for (c = 0; c < WIDE(C); c += 8) {
      const float8 x8 = vload8(0, x + c), g8 = vload8(0, g + c);
      const float8 a8 = adds ? vload8(0, a + c) : (float8)(0.0f);
      vstore8(fma(g8, x8 * s, vload8(0, dw + c)), 0, dw + c);
      const float8 d = s * fma(-pull, x8, vload8(0, w + c) * g8);
      vstore8(adds ? d + a8 : d, 0, dx + c);
    }
    for (c += TEAM_MEMBER; c < C; c += TEAM) {
      dw[c] = fma(g[c], x[c] * s, dw[c]);
      const float d = s * fma(-pull, x[c], w[c] * g[c]);
      dx[c] = adds ? d + a[c] : d;
    }
  }
}
