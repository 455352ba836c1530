// y[f] = silu(gate[f]) * up[f], silu(x) = x / (1 + exp(-x))  (Shazeer 2020, arXiv:2002.05202)
//
// gate_and_up (R, M, 2F): F gates, then F values; output (R, M, F)
// Launch: teams (ceil(M / rows_per_item), R).
// exp(-x) overflows to infinity for x < -88. There x / infinity is -0, the correct limit.

__kernel TEAM_GROUP void swiglu(FLOATS(gate_and_up), FLOATS(output), LIVE, const int M,
    const int F, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * rows_per_item;
  for (int m = first; m < min(first + rows_per_item, LIVE_ROWS(r, M)); ++m) {
    const __global float *gate = BLOCK(gate_and_up, r) + (ulong)m * 2 * F, *up = gate + F;
    __global float *y = BLOCK(output, r) + (ulong)m * F;
    int f = 0;
    for (; f < WIDE(F); f += 8) {
      const float8 x = vload8(0, gate + f);
      vstore8(SWIGLU(x, vload8(0, up + f), exponential8), 0, y + f);
    }
    for (f += TEAM_MEMBER; f < F; f += TEAM)
      y[f] = SWIGLU(gate[f], up[f], exponential);
  }
}
