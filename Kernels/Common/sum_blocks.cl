// Adds partial rows in a fixed order.
//
//   output[r, c] = sum over blocks of partial[r, block, c]
//
// partial (R, blocks, C); output (R, C)
// Launch: teams (ceil(C / elements_per_team), R).
//
// The blocks of an element are added in ascending order. If a team has one element, every member
// adds its own blocks, with stride TEAM, and a tree adds the members' sums. This is for few
// elements with many blocks.

__kernel TEAM_GROUP void sum_blocks(FLOATS(partial), FLOATS(output), const int blocks, const int C,
    const int elements_per_team)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * elements_per_team;
  const __global float *rows = BLOCK(partial, r);
#if TEAM > 1
  TEAM_SCRATCH;
  if (elements_per_team == 1) {
    float sum = 0.0f;
    for (int block = TEAM_MEMBER; block < blocks; block += TEAM)
      sum += rows[(ulong)block * C + first];
    sum = team_sum(sum);
    if (TEAM_MEMBER == 0)
      BLOCK(output, r)[first] = sum;
    return;
  }
#endif
  for (int c = first + TEAM_MEMBER; c < min(first + elements_per_team, C); c += TEAM) {
    float sum = 0.0f;
#pragma unroll 8
    for (int block = 0; block < blocks; ++block)
      sum += rows[(ulong)block * C + c];
    BLOCK(output, r)[c] = sum;
  }
}
