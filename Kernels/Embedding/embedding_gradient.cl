// table_gradient[v, :] (+)= sum over i with indices[i] = v of output_gradient[i, :], i ascending
//
// indices (R, count); output_gradient (R, count, C); table_gradient (R, V, C)
// Launch: global (V, R). A work-item owns a row of the table and scans the indices: no atomics.

__kernel void embedding_gradient(INTEGERS(indices), FLOATS(output_gradient),
    FLOATS(table_gradient), LIVE, const int count, const int V, const int C,
    const int accumulate)
{
  const int v = (int)get_global_id(0), r = (int)get_global_id(1);
  if (v >= V)
    return;
  const __global int *index = BLOCK(indices, r);
  __global float *sum = BLOCK(table_gradient, r) + (ulong)v * C;
  if (!accumulate)
    for (int c = 0; c < C; ++c)
      sum[c] = 0.0f;
  const int end = LIVE_ROWS(r, count);
  for (int i = 0; i < end; ++i) {
    if (index[i] != v)
      continue;
    const __global float *g = BLOCK(output_gradient, r) + (ulong)i * C;
    int c = 0;
    for (; c + 8 <= C; c += 8)
      vstore8(vload8(0, sum + c) + vload8(0, g + c), 0, sum + c);
    for (; c < C; ++c)
      sum[c] += g[c];
  }
}
