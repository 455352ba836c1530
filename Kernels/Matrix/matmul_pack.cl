// Copies a matrix into the panels that matmul_tile reads, padded with zeros.
//
//   packed[r, p, k, j] = right[r, k, p * WIDTH + j], 0 where the column is past N
//
// right   element (k, n) at k * right_inner + n * right_column (so a transposed matrix packs too)
// packed  (R, panels, K, WIDTH)
// Launch: global (panels, R), local (1, 1).

#define WIDTH (2 * LANES)

__kernel void matmul_pack(FLOATS(right), FLOATS(packed), const int N, const int K,
    const int right_inner, const int right_column)
{
  const int panel = (int)get_global_id(0);
  const int r = (int)get_global_id(1);
  const __global float *source = BLOCK(right, r);
  __global float *target = BLOCK(packed, r) + (ulong)panel * K * WIDTH;
  const int n = panel * WIDTH;
  for (int j = 0; j < WIDTH; ++j) {
    if (n + j < N) {
      const __global float *column = source + (ulong)(n + j) * right_column;
      for (int k = 0; k < K; ++k)
        target[k * WIDTH + j] = column[(ulong)k * right_inner];
    } else {
      for (int k = 0; k < K; ++k)
        target[k * WIDTH + j] = 0.0f;
    }
  }
}
