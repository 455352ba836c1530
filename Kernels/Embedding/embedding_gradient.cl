// table_gradient[v, :] (+)= sum over i with indices[i] = v of output_gradient[i, :], i ascending
//
// indices (R, count); output_gradient (R, count, C); table_gradient (R, V, C)
// Launch: teams (V, R). A team computes a row of the table and scans all indices: no atomics.

// The number of indices that are compared together: one per member of a team, or one vector.
#if TEAM > 1
#define WINDOW TEAM
#else
#define WINDOW 8
#endif

__kernel TEAM_GROUP void embedding_gradient(INTEGERS(indices), FLOATS(output_gradient),
    FLOATS(table_gradient), LIVE, const int count, const int V, const int C,
    const int accumulate)
{
  const int v = TEAM_NUMBER, r = (int)get_global_id(1);
  if (v >= V)
    return;
#if TEAM > 1
  __local int window[WINDOW];
#endif
  const __global int *index = BLOCK(indices, r);
  __global float *sum = BLOCK(table_gradient, r) + (ulong)v * C;
  if (!accumulate)
    for (int c = TEAM_MEMBER; c < C; c += TEAM)
      sum[c] = 0.0f;
  const int end = LIVE_ROWS(r, count);
  for (int first = 0; first < end; first += WINDOW) {
#if TEAM > 1
    barrier(CLK_LOCAL_MEM_FENCE);
    window[TEAM_MEMBER] = index[min(first + TEAM_MEMBER, end - 1)];
    barrier(CLK_LOCAL_MEM_FENCE);
#else
    const __global int *window = index + first;
    if (end - first >= WINDOW && !any(vload8(0, window) == (int8)(v)))
      continue;
#endif
    for (int i = 0; i < min(WINDOW, end - first); ++i) {
      if (window[i] != v)
        continue;
      const __global float *g = BLOCK(output_gradient, r) + (ulong)(first + i) * C;
      int c = 0;
      for (; c < WIDE(C); c += 8)
        vstore8(vload8(0, sum + c) + vload8(0, g + c), 0, sum + c);
      for (c += TEAM_MEMBER; c < C; c += TEAM)
        sum[c] += g[c];
    }
  }
}
