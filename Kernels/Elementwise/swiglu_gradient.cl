// The gradient of swiglu.
//
//   in the forward pass: y = x sigma(x) u, sigma(x) = 1 / (1 + exp(-x))
//   so now, with g = dy:  dx = g u sigma (1 + x (1 - sigma)),  du = g x sigma
//
// gate_and_up, gradient (R, M, 2F), may be the same tensor; output_gradient (R, M, F)
// Launch: teams (ceil(M / rows_per_item), R).
// With e = exp(-|x|), the larger of sigma and 1 - sigma is 1 / (1 + e) and the smaller is e / (1 +
// e). This needs one exponential, without overflow and without cancellation if sigma is near 1.

__kernel TEAM_GROUP void swiglu_gradient(FLOATS(gate_and_up), FLOATS(output_gradient), FLOATS(gradient),
    LIVE, const int M, const int F, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * rows_per_item;
  for (int m = first; m < min(first + rows_per_item, LIVE_ROWS(r, M)); ++m) {
    const __global float *gate = BLOCK(gate_and_up, r) + (ulong)m * 2 * F, *up = gate + F;
    const __global float *g = BLOCK(output_gradient, r) + (ulong)m * F;
    __global float *gate_gradient = BLOCK(gradient, r) + (ulong)m * 2 * F;
    __global float *up_gradient = gate_gradient + F;
    int f = 0;
    for (; f < WIDE(F); f += 8) {
      const float8 x = vload8(0, gate + f), u = vload8(0, up + f), y = vload8(0, g + f);
      float8 dx, du;
      SWIGLU_GRADIENT(float8, exponential8, x, u, y, dx, du)
      vstore8(dx, 0, gate_gradient + f);
      vstore8(du, 0, up_gradient + f);
    }
    for (f += TEAM_MEMBER; f < F; f += TEAM) {
      const float x = gate[f], u = up[f], y = g[f];
      float dx, du;
      SWIGLU_GRADIENT(float, exponential, x, u, y, dx, du)
      gate_gradient[f] = dx;
      up_gradient[f] = du;
    }
  }
}
