// table_gradient[v, :] (+)= sum over i with indices[i] = v of output_gradient[i, :], i ascending
//
// indices (R, count); output_gradient (R, count, C); table_gradient (R, V, C)
// Launch on CPUs: teams (V, R). A team computes a row of the table and scans all indices: no atomics.
// Launch on GPUs: teams (V, R, ceil(C / (4 TEAM))). A team computes 4 TEAM channels of a row, which it keeps in
// registers. It lists the places of its index among 8 TEAM indices in ascending order, and then adds their rows.

__kernel TEAM_GROUP void embedding_gradient(INTEGERS(indices), FLOATS(output_gradient),
    FLOATS(table_gradient), LIVE, const int count, const int V, const int C,
    const int accumulate)
{
  const int v = TEAM_NUMBER, r = (int)get_global_id(1);
  if (v >= V)
    return;
  const __global int *index = BLOCK(indices, r);
#if TEAM > 1
  __local int places[8 * TEAM], counts[TEAM];
  const __global float *g = BLOCK(output_gradient, r);
  __global float *row = BLOCK(table_gradient, r) + (ulong)v * C;
  const int c0 = (int)get_global_id(2) * 4 * TEAM + TEAM_MEMBER;
  const int c1 = c0 + TEAM, c2 = c1 + TEAM, c3 = c2 + TEAM;
  // Past the end, output_gradient's last channel is read again. An element of row is read by the work-item that stores
  // it, and by no other.
  const int at0 = min(c0, C - 1), at1 = min(c1, C - 1), at2 = min(c2, C - 1), at3 = min(c3, C - 1);
  float sum0 = accumulate && c0 < C ? row[c0] : 0.0f, sum1 = accumulate && c1 < C ? row[c1] : 0.0f;
  float sum2 = accumulate && c2 < C ? row[c2] : 0.0f, sum3 = accumulate && c3 < C ? row[c3] : 0.0f;
  const int end = LIVE_ROWS(r, count);
  for (int first = 0; first < end; first += 8 * TEAM) {
    const int mine = first + 8 * TEAM_MEMBER;
    uint found = 0;
#pragma unroll
    for (int j = 0; j < 8; ++j)
      found |= index[min(mine + j, end - 1)] == v && mine + j < end ? 1u << j : 0u;
    counts[TEAM_MEMBER] = popcount(found);
    barrier(CLK_LOCAL_MEM_FENCE);
    int place = 0, total = 0;
    for (int member = 0; member < TEAM; ++member) {
      place += member < TEAM_MEMBER ? counts[member] : 0;
      total += counts[member];
    }
    for (int j = 0; j < 8; ++j)
      if (found >> j & 1u)
        places[place++] = mine + j;
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 4
    for (int i = 0; i < total; ++i) {
      const __global float *x = g + (ulong)places[i] * C;
      sum0 += x[at0];
      sum1 += x[at1];
      sum2 += x[at2];
      sum3 += x[at3];
    }
  }
  if (c0 < C)
    row[c0] = sum0;
  if (c1 < C)
    row[c1] = sum1;
  if (c2 < C)
    row[c2] = sum2;
  if (c3 < C)
    row[c3] = sum3;
#else
  __global float *sum = BLOCK(table_gradient, r) + (ulong)v * C;
  if (!accumulate)
    for (int c = 0; c < C; ++c)
      sum[c] = 0.0f;
  const int end = LIVE_ROWS(r, count);
  for (int first = 0; first < end; first += 8) {
    const __global int *window = index + first;
    if (end - first >= 8 && !any(vload8(0, window) == (int8)(v)))
      continue;
    for (int i = 0; i < min(8, end - first); ++i) {
      if (window[i] != v)
        continue;
      const __global float *g = BLOCK(output_gradient, r) + (ulong)(first + i) * C;
      int c = 0;
      for (; c < WIDE(C); c += 8)
        vstore8(vload8(0, sum + c) + vload8(0, g + c), 0, sum + c);
      for (; c < C; ++c)
        sum[c] += g[c];
    }
  }
#endif
}
