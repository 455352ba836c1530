// The gradient of rms_norm.
//
//   in the forward pass: y_c = x_c s w_c,  s = (mean x^2 + epsilon)^(-1/2),  so ds/dx_j = -x_j s^3 / C
//   so now, with g = dy:  dx_c = s (w_c g_c - x_c s^2 / C * sum over j of w_j g_j x_j)  (+ addend_c)
//                         dw_c = sum over rows of g_c x_c s
//
// input, output_gradient, addend, input_gradient (R, M, C); weight (R, C); scale (R, M)
// partial (R, blocks, C): a block's part of dw; sum_blocks or sum_parts adds the parts in a fixed order.
//         blocks = ceil(M / rows_per_block) depends on M alone
// Launch: teams (blocks, R). On GPUs rows_per_block is at most TEAM.
//
// On GPUs a member has channels of its own, and dw of a channel is in a register over all rows of the block. The
// factors of the rows are computed first, four rows at a time, so that their loads are on their way together.

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
#if TEAM > 1
  __local float scales[TEAM], pulls[TEAM];
  const int first = block * rows_per_block;
  const int count = min(rows_per_block, LIVE_ROWS(r, M) - first);
  const __global float *x = BLOCK(input, r) + (ulong)first * C;
  const __global float *g = BLOCK(output_gradient, r) + (ulong)first * C;
  const __global float *a = BLOCK(addend, r) + (ulong)first * C;
  __global float *dx = BLOCK(input_gradient, r) + (ulong)first * C;
  for (int m = 0; m < count; m += 4) {
    // Past the end the last row is taken again.
    const ulong at0 = (ulong)m * C, at1 = (ulong)min(m + 1, count - 1) * C;
    const ulong at2 = (ulong)min(m + 2, count - 1) * C, at3 = (ulong)min(m + 3, count - 1) * C;
    float dot0 = 0.0f, dot1 = 0.0f, dot2 = 0.0f, dot3 = 0.0f;
    for (int c = TEAM_MEMBER; c < C; c += TEAM) {
      const float wc = w[c];
      dot0 = fma(wc * g[at0 + c], x[at0 + c], dot0);
      dot1 = fma(wc * g[at1 + c], x[at1 + c], dot1);
      dot2 = fma(wc * g[at2 + c], x[at2 + c], dot2);
      dot3 = fma(wc * g[at3 + c], x[at3 + c], dot3);
    }
    dot0 = team_sum(dot0);
    dot1 = team_sum(dot1);
    dot2 = team_sum(dot2);
    dot3 = team_sum(dot3);
    const int mine = m + TEAM_MEMBER;
    if (TEAM_MEMBER < 4 && mine < count) {
      const float s = BLOCK(scale, r)[first + mine];
      const float dot = TEAM_MEMBER < 2 ? (TEAM_MEMBER == 0 ? dot0 : dot1)
                                        : (TEAM_MEMBER == 2 ? dot2 : dot3);
      scales[mine] = s;
      pulls[mine] = dot * s * s / C;
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  // All members run the outer loop equally often: PoCL gives wrong numbers where they do not and there is an inner
  // loop.
  for (int begin = 0; begin < C; begin += TEAM) {
    const int c = begin + TEAM_MEMBER;
    if (c >= C)
      continue;
    const float wc = w[c];
    float sum = 0.0f;
    for (int m = 0; m < count; ++m) {
      const ulong at = (ulong)m * C + c;
      const float s = scales[m], xc = x[at], gc = g[at];
      sum = fma(gc, xc * s, sum);
      const float d = s * fma(-pulls[m], xc, wc * gc);
      dx[at] = adds ? d + a[at] : d;
    }
    dw[c] = sum;
  }
#else
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
#endif
}
