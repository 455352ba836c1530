// Product of matrices for devices with many lanes and fast local memory (GPUs).
//
//   output[r,m,n] = sum over k of left[r,m,k] * right[r,k,n]  (+ addend[r,m,n])
//
// left    element (m, k) at m * left_row + k * left_inner
// right   element (k, n) at k * right_inner + n * right_column
// output, addend (R, M, N), row-major
// live    (R): of a replica's M rows only so many are made where limits is 1; k goes over so many where
//         it is 2
// Launch: global (16 * ceil(N / 64), 16 * ceil(M / 64), R), local (16, 16, 1).
//
// A work-group makes a 64 x 64 tile from blocks of 16 in k; a work-item 4 x 4 outputs, strided by 16
// so that neighbours read neighbouring columns. Rows of local memory are padded by one element
// against bank conflicts. The last block's loop stops at K: padding products would be exact except
// for the sign of a zero.
// k ascends with one fma per product into one accumulator per output: the bytes are matmul_tile's.

#define TILE 64
#define DEPTH 16

__kernel __attribute__((reqd_work_group_size(16, 16, 1)))
void matmul_local(FLOATS(left), FLOATS(right), FLOATS(addend), FLOATS(output),
    INTEGERS(live), const int limits, const int rows, const int N, const int all,
    const int left_row, const int left_inner,
    const int right_inner, const int right_column, const int adds)
{
  __local float left_tile[DEPTH][TILE + 1];
  __local float right_tile[DEPTH][TILE + 1];
  const int x = (int)get_local_id(0), y = (int)get_local_id(1);
  const int item = y * 16 + x;
  const int n0 = (int)get_group_id(0) * TILE, m0 = (int)get_group_id(1) * TILE;
  const int r = (int)get_global_id(2);
  const int M = limits == 1 ? min(*BLOCK(live, r), rows) : rows;
  const int K = limits == 2 ? min(*BLOCK(live, r), all) : all;
  const __global float *left_r = BLOCK(left, r);
  const __global float *right_r = BLOCK(right, r);
  float sum[4][4] = {{0.0f}};

  for (int k0 = 0; k0 < K; k0 += DEPTH) {
    const int depth = min(DEPTH, K - k0);
    for (int i = item; i < TILE * DEPTH; i += 256) {
      // Neighbouring work-items walk along whichever index is contiguous in memory.
      const int lm = left_inner == 1 ? i / DEPTH : i % TILE;
      const int lk = left_inner == 1 ? i % DEPTH : i / TILE;
      left_tile[lk][lm] = m0 + lm < M && lk < depth
          ? left_r[(ulong)(m0 + lm) * left_row + (ulong)(k0 + lk) * left_inner] : 0.0f;
      const int rn = right_inner == 1 ? i / DEPTH : i % TILE;
      const int rk = right_inner == 1 ? i % DEPTH : i / TILE;
      right_tile[rk][rn] = n0 + rn < N && rk < depth
          ? right_r[(ulong)(k0 + rk) * right_inner + (ulong)(n0 + rn) * right_column] : 0.0f;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < depth; ++k)
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j)
          sum[i][j] = fma(left_tile[k][y + 16 * i], right_tile[k][x + 16 * j], sum[i][j]);
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  const __global float *addend_r = BLOCK(addend, r);
  __global float *output_r = BLOCK(output, r);
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j) {
      const int m = m0 + y + 16 * i, n = n0 + x + 16 * j;
      if (m < M && n < N) {
        const ulong at = (ulong)m * N + n;
        output_r[at] = adds ? sum[i][j] + addend_r[at] : sum[i][j];
      }
    }
}
