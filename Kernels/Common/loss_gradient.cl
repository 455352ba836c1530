// The gradient of a row's log-probability l of its target, of all work-items of a team:
//
//   in the forward pass: l = x_target - log sum_v exp x_v
//   so now, with g = dl:  dx_v = g (1[v = target] - exp(x_v - log_sum_exp))
//
// x, dx (V), may be the same row. If g is 0 dx is exactly 0.
INLINE void gradient_of_row(const __global float *x, __global float *dx, const int target, const float g,
    const float lse, const int V)
{
  int v = 0;
  if (g == 0.0f) {
    for (; v < WIDE(V); v += 8)
      vstore8((float8)(0.0f), 0, dx + v);
    for (v += TEAM_MEMBER; v < V; v += TEAM)
      dx[v] = 0.0f;
    return;
  }
  // The member that overwrites the target's logit reads it first, because x and dx may be the same row.
  const bool has_target = target % TEAM == TEAM_MEMBER;
  const float chosen = has_target ? exponential(x[target] - lse) : 0.0f;
  for (; v < WIDE(V); v += 8)
    vstore8(-g * exponential8(vload8(0, x + v) - lse), 0, dx + v);
  for (v += TEAM_MEMBER; v < V; v += TEAM)
    dx[v] = -g * exponential(x[v] - lse);
  if (has_target)
    dx[target] = g * (1.0f - chosen);
}
