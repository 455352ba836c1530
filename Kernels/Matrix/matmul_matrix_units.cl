// Product of matrices on NVIDIA's tensor cores (compute capability 8.0 and later): inputs rounded
// to bfloat16, sums in fp32.
//
//   output[r,m,n] = sum over k of b(left[r,m,k]) * b(right[r,k,n])  (+ addend[r,m,n])
//
// b       rounding to bfloat16, to nearest, ties to even; NaN and infinities stay
// left    element (m, k) at m * left_row + k * left_inner; one of the two strides is 1
// right   element (k, n) at k * right_inner + n * right_column; one of the two strides is 1
// output, addend (R, M, N), row-major; if splits > 1 output is (R, splits, M, N) and addend is not used
// live    (R): if limits is 1, only the first live[r] of a replica's M rows are computed; if it is 2, k
//         goes over live[r] elements
// Launch: groups (ceil(N / GROUP_N) * ceil(M / GROUP_M) * R * splits), local (THREADS, 1, 1), where
// THREADS = 32 * (GROUP_M / WARP_M) * (GROUP_N / WARP_N). Part s of a split (split-K) is the sum over k
// from s * part_length on.
// Local memory: 4 * (GROUP_M + GROUP_N) * DEPTH bytes.
//
// A work-group computes a GROUP_M x GROUP_N tile; each of its warps computes WARP_M x WARP_N of the tile
// in registers. k is processed in blocks of DEPTH. While the units multiply one block the next is loaded
// to registers. Then it is rounded and stored to the other of two local buffers, so one barrier per
// block is enough. (cp.async cannot round during the copy.)
// A block has the same layout in local memory as in global memory: lines along the contiguous index.
// ldmatrix reads both orientations. The 16-byte pieces of a line are permuted by the line's number, so
// the 8 rows of an ldmatrix, and the stores of a half-warp, have no bank conflicts.
// k ascends in steps of 16 into one accumulator per output, with zeros from K to the next multiple of
// 32. Zeros can change the sign of a zero, so every DEPTH adds the same zeros: neither the tile's shape
// nor the batch can change a byte. The order of the sum within a step is not documented, so the bytes
// differ from those of matmul_local.

#ifndef GROUP_M
#define GROUP_M 128
#define GROUP_N 128
#define WARP_M 64
#define WARP_N 32
#endif
#ifndef DEPTH
#define DEPTH 32
#endif

#define THREADS (32 * (GROUP_M / WARP_M) * (GROUP_N / WARP_N))
#define LEFT_BYTES (2 * GROUP_M * DEPTH)
#define BUFFER_BYTES (2 * (GROUP_M + GROUP_N) * DEPTH)
// In a pass over a block each work-item copies a quad: 4 elements of a line.
#define PASSES(size) ((size) * DEPTH / (4 * THREADS))
#define MOST_PASSES (GROUP_M > GROUP_N ? PASSES(GROUP_M) : PASSES(GROUP_N))

#define IS_POWER(x) (((x) & ((x) - 1)) == 0)
#if !IS_POWER(GROUP_M) || !IS_POWER(GROUP_N) || GROUP_M % WARP_M || GROUP_N % WARP_N \
    || WARP_M % 16 || WARP_N % 16 || (DEPTH != 16 && DEPTH != 32) || 4 * THREADS % GROUP_M \
    || 4 * THREADS % GROUP_N || GROUP_M * DEPTH % (4 * THREADS) || GROUP_N * DEPTH % (4 * THREADS)
#error "matmul_matrix_units: these sizes do not fit each other"
#endif

// One of the inputs. Its outer index is m or n, from first to end in this work-group's tile. Its inner
// index is k.
typedef struct {
  const __global float *elements;
  int outer_stride, inner_stride, first, end;
  bool along_k;    // whether k is the contiguous index, along which lines run
  bool has_quads;  // whether a quad can be one load: aligned, and wholly inside or outside
} matrix;

INLINE matrix make_matrix(const __global float *elements, const int outer_stride,
    const int inner_stride, const int first, const int end, const int K)
{
  const bool along_k = inner_stride == 1;
  const bool has_quads = (ulong)elements % 16 == 0 && (along_k ? K : end) % 4 == 0
      && (along_k ? outer_stride : inner_stride) % 4 == 0;
  const matrix x = {elements, outer_stride, inner_stride, first, end, along_k, has_quads};
  return x;
}

// The offset in bytes of an element in a tile whose lines have this length. The pieces of 8 lines at one
// index must be in different banks (128 bytes in all); several short lines are in different banks already.
INLINE uint tile_offset(const uint line, const uint element, const uint length)
{
  const uint pieces = length / 8;
  const uint turn = pieces >= 8 ? line % 8 : line / (8 / pieces) % pieces;
  return line * length * 2 + (element / 8 ^ turn) * 16 + element % 8 * 2;
}

// This work-item's quads of the block from k0 on, zeros outside the matrix. MOST_PASSES is constant
// before the function is inlined and size is not, so compilers that unroll before they inline unroll too.
INLINE void fetch(const matrix x, const uint size, const int k0, const int K, float4 *quads)
{
  const uint length = x.along_k ? DEPTH : size, lines_a_pass = 4 * THREADS / length;
  const uint at = 4 * (uint)get_local_id(0);
  const int line = (int)(at / length), element = (int)(at % length);
  const ulong line_stride = x.along_k ? x.outer_stride : x.inner_stride;
  const int lines = x.along_k ? x.end - x.first : K - k0;
  const int remaining = (x.along_k ? K - k0 : x.end - x.first) - element;
  const __global float *start = x.elements + (ulong)x.first * x.outer_stride
      + (ulong)k0 * x.inner_stride + line * line_stride + element;
  if (x.has_quads) {
#pragma unroll
    for (uint i = 0; i < MOST_PASSES; ++i) {
      const bool exists = i < PASSES(size) && line + (int)(i * lines_a_pass) < lines;
      quads[i] = exists && remaining > 0
          ? *(const __global float4 *)(start + i * lines_a_pass * line_stride) : (float4)(0.0f);
    }
  } else {
#pragma unroll
    for (uint i = 0; i < MOST_PASSES; ++i) {
      const bool exists = i < PASSES(size) && line + (int)(i * lines_a_pass) < lines;
      const __global float *p = start + i * lines_a_pass * line_stride;
      quads[i] = (float4)(
          exists && remaining > 0 ? p[0] : 0.0f, exists && remaining > 1 ? p[1] : 0.0f,
          exists && remaining > 2 ? p[2] : 0.0f, exists && remaining > 3 ? p[3] : 0.0f);
    }
  }
}

INLINE void stage(const matrix x, const uint size, const float4 *quads, __local uchar *tile)
{
  const uint length = x.along_k ? DEPTH : size, lines_a_pass = 4 * THREADS / length;
  const uint at = 4 * (uint)get_local_id(0);
#pragma unroll
  for (uint i = 0; i < MOST_PASSES; ++i)
    if (i < PASSES(size)) {
      const uint offset = tile_offset(at / length + i * lines_a_pass, at % length, length);
      *(__local uint2 *)(tile + offset) =
          (uint2)(unit_pack(quads[i].x, quads[i].y), unit_pack(quads[i].z, quads[i].w));
    }
}

// 16 x 16 elements of a tile from (outer, k) on, as four matrices in mma's order. The second matrix of a
// left fragment is the next 8 rows, the second matrix of two right fragments is the next 8 of k.
INLINE uint4 load_fragment(const matrix x, const uint size, const bool is_left,
    __local uchar *tiles, const uint tile_address, const uint outer, const uint k)
{
  const uint lane = unit_lane(), second = lane / 8 % 2 * 8, third = lane / 16 * 8;
  const uint outer_here = outer + (is_left ? second : third);
  const uint k_here = k + (is_left ? third : second);
  const uint offset = x.along_k ? tile_offset(outer_here + lane % 8, k_here, DEPTH)
                                : tile_offset(k_here + lane % 8, outer_here, size);
  return load_matrices(tiles, tile_address + offset, !x.along_k);
}

INLINE void multiply(const matrix left, const matrix right, const int K, const uint warp_m,
    const uint warp_n, __local uchar *tiles, float4 sum[WARP_M / 16][WARP_N / 8])
{
  const uint address = unit_address(tiles);
  float4 left_quads[MOST_PASSES], right_quads[MOST_PASSES];
  fetch(left, GROUP_M, 0, K, left_quads);
  fetch(right, GROUP_N, 0, K, right_quads);
  stage(left, GROUP_M, left_quads, tiles);
  stage(right, GROUP_N, right_quads, tiles + LEFT_BYTES);
  barrier(CLK_LOCAL_MEM_FENCE);

  const int end = (K + 31) / 32 * 32;
  uint buffer = 0;
  for (int k0 = 0; k0 < end; k0 += DEPTH) {
    const bool has_next = k0 + DEPTH < end;
    if (has_next) {
      fetch(left, GROUP_M, k0 + DEPTH, K, left_quads);
      fetch(right, GROUP_N, k0 + DEPTH, K, right_quads);
    }
#pragma unroll
    for (uint k = 0; k < DEPTH; k += 16) {
      uint4 a[WARP_M / 16];
#pragma unroll
      for (uint i = 0; i < WARP_M / 16; ++i)
        a[i] = load_fragment(
            left, GROUP_M, true, tiles, address + buffer, warp_m + 16 * i, k);
#pragma unroll
      for (uint j = 0; j < WARP_N / 16; ++j) {
        const uint4 b = load_fragment(
            right, GROUP_N, false, tiles, address + buffer + LEFT_BYTES, warp_n + 16 * j, k);
#pragma unroll
        for (uint i = 0; i < WARP_M / 16; ++i) {
          sum[i][2 * j] = multiply_add(tiles, a[i], b.xy, sum[i][2 * j]);
          sum[i][2 * j + 1] = multiply_add(tiles, a[i], b.zw, sum[i][2 * j + 1]);
        }
      }
    }
    buffer = BUFFER_BYTES - buffer;
    if (has_next) {
      stage(left, GROUP_M, left_quads, tiles + buffer);
      stage(right, GROUP_N, right_quads, tiles + buffer + LEFT_BYTES);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
}

__kernel __attribute__((reqd_work_group_size(THREADS, 1, 1)))
void matmul_matrix_units(FLOATS(left), FLOATS(right), FLOATS(addend), FLOATS(output),
    INTEGERS(live), const int limits, const int rows, const int N, const int all,
    const int left_row, const int left_inner,
    const int right_inner, const int right_column, const int adds, const int splits,
    const int part_length, const int first_group)
{
  __local uchar memory[SCRATCH_BYTES(THREADS / 32) + 2 * BUFFER_BYTES]
      __attribute__((aligned(128)));
  __local uchar *tiles = memory + SCRATCH_BYTES(THREADS / 32);
  const uint warp = (uint)get_local_id(0) / 32;
  const uint warp_m = warp / (GROUP_N / WARP_N) * WARP_M;
  const uint warp_n = warp % (GROUP_N / WARP_N) * WARP_N;
  const place p = place_of_group(N, GROUP_N, rows, GROUP_M, splits, first_group);
  const int n0 = p.n0, m0 = p.m0, r = p.r, part = p.part;
  const int M = limits == 1 ? min(*BLOCK(live, r), rows) : rows;
  const int whole = limits == 2 ? min(*BLOCK(live, r), all) : all;
  const int first = part * part_length;
  // A tile without live rows is not stored.
  const int K = m0 < M ? clamp(whole - first, 0, part_length) : 0;
  matrix a = make_matrix(
      BLOCK(left, r) + (ulong)first * left_inner, left_row, left_inner, m0, M, K);
  matrix b = make_matrix(
      BLOCK(right, r) + (ulong)first * right_inner, right_column, right_inner, n0, N, K);
  float4 sum[WARP_M / 16][WARP_N / 8];
#pragma unroll
  for (uint i = 0; i < WARP_M / 16; ++i)
#pragma unroll
    for (uint j = 0; j < WARP_N / 8; ++j)
      sum[i][j] = (float4)(0.0f);

#ifdef MATRIX_UNITS_PTX
  // One loop per pair of orientations, which are constants in it, so the loop does not choose the ldmatrix.
#define MULTIPLY(left_along_k, right_along_k) { \
  a.along_k = left_along_k; \
  b.along_k = right_along_k; \
  multiply(a, b, K, warp_m, warp_n, tiles, sum); }
  if (a.along_k) {
    if (b.along_k) MULTIPLY(true, true) else MULTIPLY(true, false)
  } else {
    if (b.along_k) MULTIPLY(false, true) else MULTIPLY(false, false)
  }
#else
  multiply(a, b, K, warp_m, warp_n, tiles, sum);
#endif

  // A lane holds pairs of neighbouring columns: c0 and c1, and 8 rows below c2 and c3.
  const __global float *addend_r = BLOCK(addend, r);
  __global float *output_r = BLOCK(output, r) + (ulong)part * rows * N;
  const bool has_pairs = N % 2 == 0 && (ulong)output_r % 8 == 0
      && (!adds || (ulong)addend_r % 8 == 0);
  const int m_lane = m0 + (int)(warp_m + unit_lane() / 4);
  const int n_lane = n0 + (int)(warp_n + unit_lane() % 4 * 2);
#pragma unroll
  for (int i = 0; i < WARP_M / 8; ++i)
#pragma unroll
    for (int j = 0; j < WARP_N / 8; ++j) {
      const int m = m_lane + 8 * i, n = n_lane + 8 * j;
      const ulong at = (ulong)m * N + n;
      float2 pair = i % 2 == 0 ? sum[i / 2][j].xy : sum[i / 2][j].zw;
      if (m < M && n < N) {
        if (has_pairs) {
          if (adds)
            pair += *(const __global float2 *)(addend_r + at);
          *(__global float2 *)(output_r + at) = pair;
        } else {
          output_r[at] = adds ? pair.x + addend_r[at] : pair.x;
          if (n + 1 < N)
            output_r[at + 1] = adds ? pair.y + addend_r[at + 1] : pair.y;
        }
      }
    }
}
