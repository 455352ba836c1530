// Copies a matrix into the panels that matmul_tile reads.
//
//   packed[r, p, k, j] = right[r, k, p * WIDTH + j]; columns past N repeat the last one
//
// right   element (k, n) at k * right_inner + n * right_column (so a transposed matrix packs too)
// packed  (R, panels, K, WIDTH)
// Launch: global (panels, ceil(K / inner_per_item), R), local (1, 1, 1).
//
// Where k is contiguous, squares of LANES x LANES are transposed in registers.

#define WIDTH (2 * LANES)

__kernel void matmul_pack(FLOATS(right), FLOATS(packed), const int N, const int K,
    const int right_inner, const int right_column, const int inner_per_item)
{
  const int panel = (int)get_global_id(0), n = panel * WIDTH;
  const int first = (int)get_global_id(1) * inner_per_item;
  const int end = min(first + inner_per_item, K);
  const int r = (int)get_global_id(2);
  const __global float *source = BLOCK(right, r) + (ulong)first * right_inner;
  __global float *target = BLOCK(packed, r) + ((ulong)panel * K + first) * WIDTH;
  int k = first;
  if (right_column == 1 && n + WIDTH <= N) {
    for (; k < end; ++k, source += right_inner, target += WIDTH) {
      vector_store(vector_load(source + n), target);
      vector_store(vector_load(source + n + LANES), target + LANES);
    }
  } else if (right_inner == 1) {
    for (; k + LANES <= end; k += LANES, source += LANES, target += LANES * WIDTH)
      for (int j = 0; j < WIDTH; j += LANES) {
        vector x[LANES];
#pragma unroll
        for (int i = 0; i < LANES; ++i)
          x[i] = vector_load(source + (ulong)min(n + j + i, N - 1) * right_column);
        transpose(x);
#pragma unroll
        for (int i = 0; i < LANES; ++i)
          vector_store(x[i], target + i * WIDTH + j);
      }
  }
  for (; k < end; ++k, source += right_inner, target += WIDTH)
    for (int j = 0; j < WIDTH; ++j)
      target[j] = source[(ulong)min(n + j, N - 1) * right_column];
}
