// The gradient of token_log_probabilities.
//
//   in the forward pass: l = x_target - log sum_v exp x_v
//   so now, with g = dl:  dx_v = g (1[v = target] - exp(x_v - log_sum_exp))
//
// logits, gradient (R, M, V), may be the same tensor; targets, log_sum_exp, output_gradient (R, M)
// Launch: teams (ceil(M / rows_per_item), R). A row whose g is 0 is exactly 0.

__kernel TEAM_GROUP void token_log_probabilities_gradient(FLOATS(logits), INTEGERS(targets),
    FLOATS(log_sum_exp), FLOATS(output_gradient), FLOATS(gradient), LIVE, const int M,
    const int V, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * rows_per_item;
  for (int m = first; m < min(first + rows_per_item, LIVE_ROWS(r, M)); ++m) {
    const __global float *x = BLOCK(logits, r) + (ulong)m * V;
    __global float *dx = BLOCK(gradient, r) + (ulong)m * V;
    const float g = BLOCK(output_gradient, r)[m], lse = BLOCK(log_sum_exp, r)[m];
    const int target = BLOCK(targets, r)[m];
    int v = 0;
    if (g == 0.0f) {
      for (; v < WIDE(V); v += 8)
        vstore8((float8)(0.0f), 0, dx + v);
      for (v += TEAM_MEMBER; v < V; v += TEAM)
        dx[v] = 0.0f;
      continue;
    }
    // The member that overwrites the target's logit reads it first, because gradient and logits may
    // be the same tensor.
    const bool has_target = target % TEAM == TEAM_MEMBER;
    const float chosen = has_target ? exponential(x[target] - lse) : 0.0f;
    for (; v < WIDE(V); v += 8)
      vstore8(-g * exponential8(vload8(0, x + v) - lse), 0, dx + v);
    for (v += TEAM_MEMBER; v < V; v += TEAM)
      dx[v] = -g * exponential(x[v] - lse);
    if (has_target)
      dx[target] = g * (1.0f - chosen);
  }
}
