// Copies keys and values of a rotated projection into a layer's caches.
//
// projection   (R, B, P, 3C): P positions from 0
// keys, values (R, B, H, T, D)
// Launch: teams (ceil(B*P / rows_per_item), R).

__kernel TEAM_GROUP void cache_store(FLOATS(projection), FLOATS(keys), FLOATS(values), const int rows,
    const int P, const int H, const int D, const int T, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * rows_per_item;
  const int C = H * D;
  for (int row = first; row < min(first + rows_per_item, rows); ++row) {
    const int b = row / P, t = row % P;
    const __global float *x = BLOCK(projection, r) + (ulong)row * 3 * C + C;
    for (int c = TEAM_MEMBER; c < C; c += TEAM) {
      const ulong at = (((ulong)b * H + c / D) * T + t) * D + c % D;
      BLOCK(keys, r)[at] = x[c];
      BLOCK(values, r)[at] = x[C + c];
    }
  }
}
