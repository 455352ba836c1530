// Rotary positions ("rotate half", Su et al. 2021, arXiv:2104.09864) on query and key of a projection.
//
//   (x_i, x_{i+D/2}) -> (x_i c - x_{i+D/2} s, x_{i+D/2} c + x_i s), s negated when inverse
//
// projection, output (R, B, T, 3C): query | key | value of H heads of D; may be the same tensor
// table              (1, positions, D/2, 2): cosine, sine
// start              if start_of is 1: (R, B), the position of column 0; if it is 2: (R, rows), the
//                    position of every row; else column 0 has position 0
// Launch: teams (ceil(B*T / rows_per_item), R). A team computes whole rows.

__kernel TEAM_GROUP void rotary(FLOATS(projection), FLOATS(table), INTEGERS(start), FLOATS(output),
    LIVE, const int rows, const int T, const int H, const int D, const int start_of,
    const float sign, const int rows_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = TEAM_NUMBER * rows_per_item;
  const int C = H * D, pairs = D / 2;
  for (int row = first; row < min(first + rows_per_item, LIVE_ROWS(r, rows)); ++row) {
    const __global float *x = BLOCK(projection, r) + (ulong)row * 3 * C;
    __global float *y = BLOCK(output, r) + (ulong)row * 3 * C;
    const int t = start_of == 2 ? BLOCK(start, r)[row]
                                : row % T + (start_of ? BLOCK(start, r)[row / T] : 0);
    const __global float *angles = table + table_offset + (ulong)t * D;
#if TEAM > 1
    for (int pair = TEAM_MEMBER; pair < 2 * H * pairs; pair += TEAM) {
      const int i = pair % pairs, at = pair / pairs * D + i;
      const float c = angles[2 * i], s = sign * angles[2 * i + 1];
      const float a = x[at], b = x[at + pairs];
      y[at] = a * c - b * s;
      y[at + pairs] = b * c + a * s;
    }
#else
    for (int h = 0; h < 2 * H; ++h) {
      const int at = h * D;
      int i = 0;
      for (; i < WIDE(pairs); i += 8) {
        const float16 angle = vload16(0, angles + 2 * i);
        const float8 c = angle.even, s = sign * angle.odd;
        const float8 a = vload8(0, x + at + i), b = vload8(0, x + at + pairs + i);
        vstore8(a * c - b * s, 0, y + at + i);
        vstore8(b * c + a * s, 0, y + at + pairs + i);
      }
      for (; i < pairs; ++i) {
        const float c = angles[2 * i], s = sign * angles[2 * i + 1];
        const float a = x[at + i], b = x[at + pairs + i];
        y[at + i] = a * c - b * s;
        y[at + pairs + i] = b * c + a * s;
      }
    }
#endif
    if (x != y)
      for (int i = 2 * C + TEAM_MEMBER; i < 3 * C; i += TEAM)
        y[i] = x[i];
  }
}
