// log_probabilities[i] = logits[i, targets[i]] - log_sum_exp[i],  log_sum_exp[i] = log sum exp(logits[i])
//
// logits (R, M, V); targets, log_probabilities, log_sum_exp, output_gradient (R, M)
// Launch: teams (ceil(M / rows_per_item), R).
// Two passes compute the maximum and then the sum of exp(x - maximum). The largest term of the sum
// is 1, so the sum cannot overflow and its logarithm is at least 0. If has_gradient, the gradient of the logits
// replaces them (loss_gradient.cl) instead of log_sum_exp being written, so the logits are read once.

__kernel TEAM_GROUP void token_log_probabilities(FLOATS(logits), INTEGERS(targets),
    FLOATS(log_probabilities), FLOATS(log_sum_exp), FLOATS(output_gradient), const int has_gradient, LIVE,
    const int M, const int V, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * rows_per_item;
  TEAM_SCRATCH;
  for (int m = first; m < min(first + rows_per_item, LIVE_ROWS(r, M)); ++m) {
    __global float *x = BLOCK(logits, r) + (ulong)m * V;
    float8 largest8 = -INFINITY;
    int v = 0;
    for (; v < WIDE(V); v += 8)
      largest8 = fmax(largest8, vload8(0, x + v));
    float largest = max8(largest8);
    for (v += TEAM_MEMBER; v < V; v += TEAM)
      largest = fmax(largest, x[v]);
    largest = team_max(largest);
    float8 sum8s = 0.0f;
    for (v = 0; v < WIDE(V); v += 8)
      sum8s += exponential8(vload8(0, x + v) - largest);
    float sum = sum8(sum8s);
    for (v += TEAM_MEMBER; v < V; v += TEAM)
      sum += exponential(x[v] - largest);
    sum = team_sum(sum);
    const float lse = largest + log(sum);
    const int target = BLOCK(targets, r)[m];
    // The member that may overwrite the target's logit.
    if (target % TEAM == TEAM_MEMBER)
      BLOCK(log_probabilities, r)[m] = x[target] - lse;
    if (has_gradient)
      gradient_of_row(x, x, target, BLOCK(output_gradient, r)[m], lse, V);
    else if (TEAM_MEMBER == 0)
      BLOCK(log_sum_exp, r)[m] = lse;
  }
}
