// output[i, :] = table[indices[i], :], zeros where the index is -1
//
// indices (R, count); table (R, V, C); output (R, count, C)
// Launch: teams (ceil(count / rows_per_item), R).

__kernel TEAM_GROUP void embedding(INTEGERS(indices), FLOATS(table), FLOATS(output), LIVE,
    const int count, const int C, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * rows_per_item;
  for (int i = first; i < min(first + rows_per_item, LIVE_ROWS(r, count)); ++i) {
    const int index = BLOCK(indices, r)[i];
    const __global float *row = BLOCK(table, r) + (ulong)max(index, 0) * C;
    __global float *y = BLOCK(output, r) + (ulong)i * C;
    int c = 0;
    if (index < 0) {
      for (c = TEAM_MEMBER; c < C; c += TEAM)
        y[c] = 0.0f;
      continue;
    }
    for (; c < WIDE(C); c += 8)
      vstore8(vload8(0, row + c), 0, y + c);
    for (c += TEAM_MEMBER; c < C; c += TEAM)
      y[c] = row[c];
  }
}
