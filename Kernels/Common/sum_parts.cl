// Adds the parts of many outputs in one launch, in a fixed order.
//
//   output[r, c] = sum over parts of partial[r, part, c]  (+ output[r, c])
//
// table (segments, 6): the number of the segment's first team, parts, elements C, whether to add to the output, and
//         the places of the segment's parts and of its output
// partial: for every segment (R, parts, C); output: every segment's (R, C), with common replica strides
// Launch: teams (sum over segments of their teams, R). A team adds 4 * TEAM elements of one segment.
//
// The order is that of sum_blocks: parts in ascending order, and with fewer elements than TEAM every team has one
// element, whose parts its members add with stride TEAM before a tree adds the members' sums.

__kernel TEAM_GROUP void sum_parts(INTEGERS(table), FLOATS(partial), FLOATS(output),
    const int segments)
{
  const int r = (int)get_global_id(1), team = TEAM_NUMBER;
  const __global int *rows = BLOCK(table, 0);
  int low = 0, high = segments;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (rows[6 * middle] <= team)
      low = middle;
    else
      high = middle;
  }
  const __global int *segment = rows + 6 * low;
  const int parts = segment[1], C = segment[2], adds = segment[3];
  const __global float *x = BLOCK(partial, 0) + segment[4] + (ulong)r * parts * C;
  __global float *y = BLOCK(output, r) + segment[5];
#if TEAM > 1
  TEAM_SCRATCH;
  if (C < TEAM) {
    const int c = team - segment[0];
    float sum = 0.0f;
    for (int part = TEAM_MEMBER; part < parts; part += TEAM)
      sum += x[(ulong)part * C + c];
    sum = team_sum(sum);
    if (TEAM_MEMBER == 0)
      y[c] = adds ? sum + y[c] : sum;
    return;
  }
#endif
  const int first = (team - segment[0]) * 4 * TEAM;
  for (int begin = first; begin < min(first + 4 * TEAM, C); begin += TEAM) {
    const int c = begin + TEAM_MEMBER;
    if (c >= C)
      continue;
    float sum = 0.0f;
#pragma unroll 8
    for (int part = 0; part < parts; ++part)
      sum += x[(ulong)part * C + c];
    y[c] = adds ? sum + y[c] : sum;
  }
}
