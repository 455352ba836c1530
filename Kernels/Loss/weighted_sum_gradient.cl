// gradient[r, i] = output_gradient[r] * weights[r, i]
//
// weights, gradient (R, count); output_gradient (R)
// Launch: global (ceil(count / elements_per_item), R).

__kernel void weighted_sum_gradient(FLOATS(weights), FLOATS(output_gradient), FLOATS(gradient),
    LIVE, const ulong count, const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const ulong end = FLAT_END(elements_per_item, LIVE_ROWS(r, count));
  const float g = *BLOCK(output_gradient, r);
  for (ulong i = FLAT_BEGIN(elements_per_item); i < end; i += FLAT_STEP)
    BLOCK(gradient, r)[i] = g * BLOCK(weights, r)[i];
}
