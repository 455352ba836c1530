// Product of few rows with a transposed matrix, for devices with many work-items (GPUs). The rows may be
// normalised first, as in rms_norm.cl.
//
//   output[r,m,n] = sum over k of x[r,m,k] * right[r,n,k]  (+ addend[r,m,n])
//   x = left, or with normalizes: left[r,m,k] * s[r,m] * weight[r,k],  s = 1 / sqrt(mean of left^2 + epsilon)
//
// left (R, M, K); weight (R, K); right (R, N, K); addend, output (R, M, N)
// Launch: global (TEAM * ceil(N / COLUMNS), ITEMS / TEAM * ceil(M / ROWS), R), local (TEAM, ITEMS / TEAM, 1).
//
// A work-group computes ROWS x COLUMNS elements, an item one of them, from blocks of DEPTH in k in local
// memory. Of the large operand, right, a group reads few rows and long parts of them, so many groups read
// at the same time, and neighbours read neighbouring addresses. The next block is loaded to registers while
// one is multiplied. A stride of 4 more than a multiple of 32 avoids bank conflicts.
// k ascends with one fma per product into one accumulator, and rows are normalised by the same operations
// in the same order as in rms_norm.cl. So the bytes are those of matmul_local and of rms_norm: they do not
// depend on the number of rows, which chooses the kernel.

#define ROWS 8
#define COLUMNS 8
#define ITEMS (ROWS * COLUMNS)
#define DEPTH 128
#define STRIDE (DEPTH + 4)
#define LINE_LOADS (DEPTH / 4)
#define LOADS (ROWS * LINE_LOADS / ITEMS)

// Four elements of which `present` exist; zeros for the others.
INLINE float4 load_four(const __global float *p, const int present, const int is_aligned)
{
  if (is_aligned && present >= 4)
    return *(const __global float4 *)p;
  return (float4)(present > 0 ? p[0] : 0.0f, present > 1 ? p[1] : 0.0f,
                  present > 2 ? p[2] : 0.0f, present > 3 ? p[3] : 0.0f);
}

__kernel __attribute__((reqd_work_group_size(TEAM, ITEMS / TEAM, 1)))
void matmul_rows_local(FLOATS(left), FLOATS(weight), FLOATS(right), FLOATS(addend), FLOATS(output),
    const int M, const int N, const int K, const int normalizes, const float epsilon, const int adds)
{
  __local float left_block[ROWS * STRIDE] __attribute__((aligned(16)));
  __local float right_block[COLUMNS * STRIDE] __attribute__((aligned(16)));
  __local float scratch[ITEMS] __attribute__((aligned(64)));
  __local float scales[ROWS];
  const int member = (int)get_local_id(0), team = (int)get_local_id(1), teams = ITEMS / TEAM;
  const int item = team * TEAM + member, row = item / COLUMNS, column = item % COLUMNS;
  const int n0 = (int)get_group_id(0) * COLUMNS, m0 = (int)get_group_id(1) * ROWS;
  const int r = (int)get_group_id(2);
  const __global float *left_r = BLOCK(left, r) + (ulong)m0 * K;
  const __global float *right_r = BLOCK(right, r) + (ulong)n0 * K;
  const __global float *weight_r = BLOCK(weight, r);

  if (normalizes) {
    __local float *team_scratch = scratch + team * TEAM;
    for (int i = team; i < ROWS; i += teams) {
      float sum = 0.0f;
      if (m0 + i < M) {
        const __global float *x = left_r + (ulong)i * K;
        for (int c = member; c < K; c += TEAM)
          sum = fma(x[c], x[c], sum);
      }
      sum = team_sum(sum);
      if (member == 0)
        scales[i] = 1.0f / sqrt(sum / K + epsilon);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  const int left_aligned = ((ulong)left_r & 15) == 0 && K % 4 == 0;
  const int right_aligned = ((ulong)right_r & 15) == 0 && K % 4 == 0;
  const int weight_aligned = ((ulong)weight_r & 15) == 0;
  float4 next_left[LOADS], next_right[LOADS];

#define LOAD_NEXT(k0) { \
  _Pragma("unroll") \
  for (int i = 0; i < LOADS; ++i) { \
    const int line = (item + i * ITEMS) / LINE_LOADS; \
    const int k = (k0) + (item + i * ITEMS) % LINE_LOADS * 4; \
    next_left[i] = load_four(left_r + (ulong)line * K + k, m0 + line < M ? K - k : 0, left_aligned); \
    next_right[i] = load_four(right_r + (ulong)line * K + k, n0 + line < N ? K - k : 0, right_aligned); \
    if (normalizes) \
      next_left[i] = next_left[i] * scales[line] * load_four(weight_r + k, K - k, weight_aligned); \
  } }

  float sum = 0.0f;
  LOAD_NEXT(0)
  for (int k0 = 0; k0 < K; k0 += DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int i = 0; i < LOADS; ++i) {
      const int place = (item + i * ITEMS) / LINE_LOADS * STRIDE + (item + i * ITEMS) % LINE_LOADS * 4;
      *(__local float4 *)(left_block + place) = next_left[i];
      *(__local float4 *)(right_block + place) = next_right[i];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    LOAD_NEXT(k0 + DEPTH)
    // The last block stops at K: products of padding would change the sign of a zero.
    const __local float *x = left_block + row * STRIDE, *y = right_block + column * STRIDE;
    const int count = min(DEPTH, K - k0);
    int k = 0;
#pragma unroll 4
    for (; k + 4 <= count; k += 4) {
      const float4 a = *(const __local float4 *)(x + k), b = *(const __local float4 *)(y + k);
      sum = fma(a.s0, b.s0, sum);
      sum = fma(a.s1, b.s1, sum);
      sum = fma(a.s2, b.s2, sum);
      sum = fma(a.s3, b.s3, sum);
    }
    for (; k < count; ++k)
      sum = fma(x[k], y[k], sum);
  }
  const int m = m0 + row, n = n0 + column;
  if (m < M && n < N) {
    const ulong place = (ulong)m * N + n;
    BLOCK(output, r)[place] = adds ? sum + BLOCK(addend, r)[place] : sum;
  }
}
