// partial[r, block] = sum over i in the block of values[r, i] * weights[r, i]
//
// values, weights (R, count); partial (R, blocks): sum_blocks adds them in a fixed order
// Launch: teams (blocks, R), blocks = ceil(count / elements_per_block), which depends on count alone.
// Eight partial sums, or one per member of a team, are added as a fixed tree: the order never
// changes.

__kernel TEAM_GROUP void weighted_sum(FLOATS(values), FLOATS(weights), FLOATS(partial), LIVE,
    const ulong count, const int elements_per_block)
{
  const int r = (int)get_global_id(1);
  const ulong first = (ulong)TEAM_NUMBER * elements_per_block;
  if (first >= count)
    return;
  const ulong end = min(first + elements_per_block, (ulong)LIVE_ROWS(r, count));
  const __global float *x = BLOCK(values, r), *w = BLOCK(weights, r);
  TEAM_SCRATCH;
  float8 sums = 0.0f;
  ulong i = first;
  for (; TEAM == 1 && i + 8 <= end; i += 8)
    sums = fma(vload8(0, x + i), vload8(0, w + i), sums);
  float sum = sum8(sums);
  for (i += TEAM_MEMBER; i < end; i += TEAM)
    sum = fma(x[i], w[i], sum);
  sum = team_sum(sum);
  if (TEAM_MEMBER == 0)
    BLOCK(partial, r)[TEAM_NUMBER] = sum;
}
