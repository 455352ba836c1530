// The gradient of token_log_probabilities, as in loss_gradient.cl.
//
// logits, gradient (R, M, V), may be the same tensor; targets, log_sum_exp, output_gradient (R, M)
// Launch: teams (ceil(M / rows_per_item), R).

__kernel TEAM_GROUP void token_log_probabilities_gradient(FLOATS(logits), INTEGERS(targets),
    FLOATS(log_sum_exp), FLOATS(output_gradient), FLOATS(gradient), LIVE, const int M,
    const int V, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * rows_per_item;
  for (int m = first; m < min(first + rows_per_item, LIVE_ROWS(r, M)); ++m)
    gradient_of_row(BLOCK(logits, r) + (ulong)m * V, BLOCK(gradient, r) + (ulong)m * V,
                    BLOCK(targets, r)[m], BLOCK(output_gradient, r)[m], BLOCK(log_sum_exp, r)[m], V);
}
