// Product of matrices on NVIDIA's tensor cores (compute capability 8.0 and later): inputs rounded
// to bfloat16, sums in fp32.
//
//   output[r,m,n] = sum over k of b(left[r,m,k]) * b(right[r,k,n])  (+ addend[r,m,n])
//
// b       rounding to bfloat16, to nearest, ties to even; a NaN stays one, infinities stay
// left    element (m, k) at m * left_row + k * left_inner; one of the two is 1
// right   element (k, n) at k * right_inner + n * right_column; one of the two is 1
// output, addend (R, M, N), row-major
// live    (R): of a replica's M rows only so many are made where limits is 1; k goes over so many where
//         it is 2
// Launch: global (THREADS * ceil(N / GROUP_N), ceil(M / GROUP_M), R), local (THREADS, 1, 1), where
// THREADS = 32 * (GROUP_M / WARP_M) * (GROUP_N / WARP_N).
// Local memory: 4 * (GROUP_M + GROUP_N) * DEPTH bytes.
//
// A work-group makes a GROUP_M x GROUP_N tile, each of its warps WARP_M x WARP_N of it in registers.
// k goes in blocks of DEPTH. While the units multiply a block, the next one is on its way to
// registers; then it is rounded and stored to the other of two local buffers, so that one barrier a
// block is enough. (cp.async could not round on the way.)
// A block lies in local memory as in global: lines along whichever index is contiguous there.
// ldmatrix hands out either orientation. Its 8 rows of 16 bytes, and a store's, hit distinct banks,
// for a line's pieces of 16 bytes are permuted by the line's number.
// k ascends in steps of 16 into one accumulator per output, and zeros past K add nothing, so no tile
// shape and no batch can change a byte. Within a step the units sum as they do: the bytes are not
// matmul_local's.

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
#define BUFFER_BYTES (2 * (GROUP_M + GROUP_N) * DEPTH)

// A pass of the work-group over a block copies 4 elements a work-item, in whole lines.
#if GROUP_M % WARP_M || GROUP_N % WARP_N || WARP_M % 16 || WARP_N % 16 || DEPTH % 16 \
    || GROUP_M * DEPTH % (4 * THREADS) || GROUP_N * DEPTH % (4 * THREADS)
#error "matmul_matrix_units: the tile sizes do not divide each other"
#endif

#define INLINE static inline __attribute__((always_inline))

// The matrix unit: what depends on the vendor. A fragment is a warp's share of a small matrix, spread
// over its lanes as the PTX ISA says under "Matrix Fragments for mma.m16n8k16 with floating point
// type".
//
// unit_lane      the work-item's lane
// unit_address   where local memory begins for load_matrices, which counts in bytes
// unit_pack      two numbers as bfloat16, low in the low half
// load_matrices  four 8 x 8 matrices of 16-bit elements, each of which may be transposed: lane
//                8 * i + j gives the address of row j of matrix i
// multiply_add   sum (16 x 8) += left (16 x 16) * right (16 x 8)
#ifdef MATRIX_UNITS_PTX

#define SCRATCH_BYTES 0

INLINE int unit_lane(void)
{
  uint lane;
  asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));
  return (int)lane;
}

// Compilers differ in what number a pointer to local memory is to assembly: an address in shared
// memory, or a generic one. The latter alone passes isspacep; only it needs converting.
INLINE uint unit_address(__local uchar *tiles)
{
  uint address;
  asm volatile("{\n"
      ".reg .pred is_generic;\n"
      ".reg .u64 converted;\n"
      "isspacep.shared is_generic, %1;\n"
      "cvta.to.shared.u64 converted, %1;\n"
      "selp.b64 converted, converted, %1, is_generic;\n"
      "cvt.u32.u64 %0, converted;\n"
      "}" : "=r"(address) : "l"((ulong)tiles) : "memory");
  return address;
}

INLINE uint unit_pack(const float low, const float high)
{
  uint pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

INLINE uint4 load_matrices(__local uchar *tiles, const uint address, const int transposed)
{
  uint x, y, z, w;
  if (transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(x), "=r"(y), "=r"(z), "=r"(w) : "r"(address) : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(x), "=r"(y), "=r"(z), "=r"(w) : "r"(address) : "memory");
  return (uint4)(x, y, z, w);
}

// volatile: the compiler must not move an instruction of the whole warp into a lane's branch.
INLINE float4 multiply_add(__local uchar *tiles, const uint4 left, const uint2 right,
    const float4 sum)
{
  float x = sum.x, y = sum.y, z = sum.z, w = sum.w;
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(x), "+f"(y), "+f"(z), "+f"(w)
      : "r"(left.x), "r"(left.y), "r"(left.z), "r"(left.w), "r"(right.x), "r"(right.y));
  return (float4)(x, y, z, w);
}

#else

// The same in plain OpenCL C, for tests on any device: warps are 32 neighbouring work-items, which
// exchange through local memory behind the tiles. All warps must come by together.

#define SCRATCH_BYTES (768 * (THREADS / 32))
#define WARP_SCRATCH (tiles + 2 * BUFFER_BYTES + 768 * (get_local_id(0) / 32))

INLINE int unit_lane(void)
{
  return (int)get_local_id(0) % 32;
}

INLINE uint unit_address(__local uchar *tiles)
{
  return 0;
}

INLINE uint round_to_bfloat16(const float x)
{
  const uint bits = as_uint(x);
  return isnan(x) ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

INLINE uint unit_pack(const float low, const float high)
{
  return round_to_bfloat16(low) | round_to_bfloat16(high) << 16;
}

INLINE float from_bfloat16(const ushort x)
{
  return as_float((uint)x << 16);
}

// PTX ISA, "Warp-level matrix load instruction: ldmatrix": lane 4 * row + c receives columns 2 * c
// and 2 * c + 1 of each matrix's row.
INLINE uint4 load_matrices(__local uchar *tiles, const uint address, const int transposed)
{
  __local uint *addresses = (__local uint *)WARP_SCRATCH;
  const int lane = unit_lane();
  uint registers[4];
  addresses[lane] = address;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < 4; ++i) {
    registers[i] = 0;
    for (int half_word = 0; half_word < 2; ++half_word) {
      const int row = lane / 4, column = lane % 4 * 2 + half_word;
      const __local ushort *elements = (const __local ushort *)(
          tiles + addresses[8 * i + (transposed ? column : row)]);
      registers[i] |= (uint)elements[transposed ? row : column] << 16 * half_word;
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return (uint4)(registers[0], registers[1], registers[2], registers[3]);
}

// PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type": element i of a fragment is
// half i % 2 of register i / 2.
INLINE float4 multiply_add(__local uchar *tiles, const uint4 left, const uint2 right,
    const float4 sum)
{
  __local ushort *a = (__local ushort *)WARP_SCRATCH, *b = a + 16 * 16;
  const int group = unit_lane() >> 2, in_group = unit_lane() % 4;
  const uint left_registers[4] = {left.x, left.y, left.z, left.w};
  const uint right_registers[2] = {right.x, right.y};
  float d[4] = {sum.x, sum.y, sum.z, sum.w};
  for (int i = 0; i < 8; ++i) {
    const int row = i < 2 || (4 <= i && i < 6) ? group : group + 8;
    const int column = in_group * 2 + (i & 1) + (i < 4 ? 0 : 8);
    a[row * 16 + column] = (ushort)(left_registers[i / 2] >> 16 * (i % 2));
  }
  for (int i = 0; i < 4; ++i) {
    const int row = in_group * 2 + (i & 1) + (i < 2 ? 0 : 8);
    b[row * 8 + group] = (ushort)(right_registers[i / 2] >> 16 * (i % 2));
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < 4; ++i) {
    const int row = i < 2 ? group : group + 8, column = in_group * 2 + (i & 1);
    for (int k = 0; k < 16; ++k)
      d[i] = fma(from_bfloat16(a[row * 16 + k]), from_bfloat16(b[k * 8 + column]), d[i]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return (float4)(d[0], d[1], d[2], d[3]);
}

#endif

// One of the two inputs: k is its inner index, m or n the outer one, of which the work-group's tile
// begins at first and the matrix ends at end.
typedef struct {
  const __global float *elements;
  int outer_stride, inner_stride, first, end;
  int lines_along_k;  // whether k is the contiguous index, along which lines run
  int has_quads;      // whether four elements of a line are one aligned load and never end inside
} matrix;

INLINE matrix make_matrix(const __global float *elements, const int outer_stride,
    const int inner_stride, const int first, const int end, const int K)
{
  const bool along_k = inner_stride == 1;
  const matrix x = {
      elements, outer_stride, inner_stride, first, end, along_k,
      (along_k ? inner_stride : outer_stride) == 1
          && (along_k ? outer_stride : inner_stride) % 4 == 0 && (along_k ? K : end) % 4 == 0
          && (ulong)elements % 16 == 0};
  return x;
}

// Where an element of a tile lies, in bytes. 8 lines' pieces at one place of the line are to be 128
// different bytes of the banks' 128; lines shorter than that share them already.
INLINE uint tile_offset(const int line, const int element, const int length)
{
  const int pieces = length / 8;
  const int turn = pieces >= 8 ? line % 8 : line / (8 / pieces) % pieces;
  return (uint)(line * length * 2 + (element / 8 ^ turn) * 16 + element % 8 * 2);
}

// A work-item's quads of the block from k0 on, zeros outside the matrix.
INLINE void fetch(const matrix x, const int size, const int k0, const int K, float4 *quads)
{
  const int length = x.lines_along_k ? DEPTH : size, pass = 4 * THREADS / length;
  const int line = 4 * (int)get_local_id(0) / length, element = 4 * (int)get_local_id(0) % length;
  const ulong line_stride = x.lines_along_k ? x.outer_stride : x.inner_stride;
  const int lines = x.lines_along_k ? x.end - x.first : K - k0;
  const int count = x.lines_along_k ? K - k0 - element : x.end - x.first - element;
  const __global float *p = x.elements + (ulong)x.first * x.outer_stride
      + (ulong)k0 * x.inner_stride + line * line_stride + element;
#pragma unroll
  for (int i = 0; i < size * DEPTH / (4 * THREADS); ++i) {
    const int here = line + i * pass < lines ? count : 0;
    if (x.has_quads)
      quads[i] = here > 0 ? *(const __global float4 *)p : (float4)(0.0f);
    else
      quads[i] = (float4)(
          here > 0 ? p[0] : 0.0f, here > 1 ? p[1] : 0.0f,
          here > 2 ? p[2] : 0.0f, here > 3 ? p[3] : 0.0f);
    p += pass * line_stride;
  }
}

INLINE void stage(const matrix x, const int size, const float4 *quads, __local uchar *tile)
{
  const int length = x.lines_along_k ? DEPTH : size;
#pragma unroll
  for (int i = 0; i < size * DEPTH / (4 * THREADS); ++i) {
    const int at = 4 * (i * THREADS + (int)get_local_id(0));
    *(__local uint2 *)(tile + tile_offset(at / length, at % length, length)) = (uint2)(
        unit_pack(quads[i].x, quads[i].y), unit_pack(quads[i].z, quads[i].w));
  }
}

// The 16 x 16 elements of a tile from (outer, k) on: registers x and y are outer 0 to 7 and 8 to 15 at
// k 0 to 7, z and w at k 8 to 15. That is mma's left fragment, or (x, z) and (y, w) two right ones.
INLINE uint4 load_fragment(const matrix x, const int size, __local uchar *tiles,
    const uint tile_address, const int outer, const int k)
{
  const int lane = unit_lane();
  const int row = lane % 8, outer_half = lane / 8 % 2 * 8, k_half = lane / 16 * 8;
  const uint offset = x.lines_along_k
      ? tile_offset(outer + outer_half + row, k + k_half, DEPTH)
      : tile_offset(k + k_half + row, outer + outer_half, size);
  return load_matrices(tiles, tile_address + offset, !x.lines_along_k);
}

INLINE void multiply(const matrix left, const matrix right, const int K, const int warp_m,
    const int warp_n, __local uchar *tiles, float4 sum[WARP_M / 16][WARP_N / 8])
{
  const uint address = unit_address(tiles);
  uint buffer = 0;
  float4 left_quads[GROUP_M * DEPTH / (4 * THREADS)];
  float4 right_quads[GROUP_N * DEPTH / (4 * THREADS)];
  fetch(left, GROUP_M, 0, K, left_quads);
  fetch(right, GROUP_N, 0, K, right_quads);
  stage(left, GROUP_M, left_quads, tiles);
  stage(right, GROUP_N, right_quads, tiles + 2 * GROUP_M * DEPTH);
  barrier(CLK_LOCAL_MEM_FENCE);

  for (int k0 = 0; k0 < K; k0 += DEPTH) {
    const bool has_next = k0 + DEPTH < K;
    if (has_next) {
      fetch(left, GROUP_M, k0 + DEPTH, K, left_quads);
      fetch(right, GROUP_N, k0 + DEPTH, K, right_quads);
    }
#pragma unroll
    for (int k = 0; k < DEPTH; k += 16) {
      uint4 a[WARP_M / 16];
#pragma unroll
      for (int i = 0; i < WARP_M / 16; ++i)
        a[i] = load_fragment(left, GROUP_M, tiles, address + buffer, warp_m + 16 * i, k);
#pragma unroll
      for (int j = 0; j < WARP_N / 16; ++j) {
        const uint4 b = load_fragment(right, GROUP_N, tiles,
            address + buffer + 2 * GROUP_M * DEPTH, warp_n + 16 * j, k);
#pragma unroll
        for (int i = 0; i < WARP_M / 16; ++i) {
          sum[i][2 * j] = multiply_add(tiles, a[i], b.xz, sum[i][2 * j]);
          sum[i][2 * j + 1] = multiply_add(tiles, a[i], b.yw, sum[i][2 * j + 1]);
        }
      }
    }
    buffer = BUFFER_BYTES - buffer;
    if (has_next) {
      stage(left, GROUP_M, left_quads, tiles + buffer);
      stage(right, GROUP_N, right_quads, tiles + buffer + 2 * GROUP_M * DEPTH);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
}

__kernel __attribute__((reqd_work_group_size(THREADS, 1, 1)))
void matmul_matrix_units(FLOATS(left), FLOATS(right), FLOATS(addend), FLOATS(output),
    INTEGERS(live), const int limits, const int rows, const int N, const int all,
    const int left_row, const int left_inner,
    const int right_inner, const int right_column, const int adds)
{
  __local uchar tiles[2 * BUFFER_BYTES + SCRATCH_BYTES] __attribute__((aligned(128)));
  const int n0 = (int)get_group_id(0) * GROUP_N, m0 = (int)get_group_id(1) * GROUP_M;
  const int r = (int)get_global_id(2);
  const int warp = (int)get_local_id(0) / 32;
  const int warp_m = warp / (GROUP_N / WARP_N) * WARP_M, warp_n = warp % (GROUP_N / WARP_N) * WARP_N;
  const int M = limits == 1 ? min(*BLOCK(live, r), rows) : rows;
  const int live_K = limits == 2 ? min(*BLOCK(live, r), all) : all;
  const int K = m0 < M ? live_K : 0;  // nothing to do for a tile of dead rows
  matrix a = make_matrix(BLOCK(left, r), left_row, left_inner, m0, M, K);
  matrix b = make_matrix(BLOCK(right, r), right_column, right_inner, n0, N, K);
  float4 sum[WARP_M / 16][WARP_N / 8];
#pragma unroll
  for (int i = 0; i < WARP_M / 16; ++i)
#pragma unroll
    for (int j = 0; j < WARP_N / 8; ++j)
      sum[i][j] = (float4)(0.0f);

#ifdef MATRIX_UNITS_PTX
  // A loop for each pair of orientations, which are constants in it.
#define MULTIPLY(left_along_k, right_along_k) { \
  a.lines_along_k = left_along_k; \
  b.lines_along_k = right_along_k; \
  multiply(a, b, K, warp_m, warp_n, tiles, sum); }
  if (a.lines_along_k) {
    if (b.lines_along_k) MULTIPLY(1, 1) else MULTIPLY(1, 0)
  } else {
    if (b.lines_along_k) MULTIPLY(0, 1) else MULTIPLY(0, 0)
  }
#else
  multiply(a, b, K, warp_m, warp_n, tiles, sum);
#endif

  // A lane holds pairs of neighbours.
  const __global float *addend_r = BLOCK(addend, r);
  __global float *output_r = BLOCK(output, r);
  const bool has_pairs = N % 2 == 0 && (ulong)output_r % 8 == 0 && (ulong)addend_r % 8 == 0;
  const int lane = unit_lane();
#pragma unroll
  for (int i = 0; i < WARP_M / 16; ++i)
#pragma unroll
    for (int j = 0; j < WARP_N / 8; ++j)
#pragma unroll
      for (int half_tile = 0; half_tile < 2; ++half_tile) {
        const int m = m0 + warp_m + 16 * i + 8 * half_tile + lane / 4;
        const int n = n0 + warp_n + 8 * j + lane % 4 * 2;
        const ulong at = (ulong)m * N + n;
        float2 x = half_tile == 0 ? sum[i][j].xy : sum[i][j].zw;
        if (m < M && n < N) {
          if (has_pairs) {
            if (adds)
              x += *(const __global float2 *)(addend_r + at);
            *(__global float2 *)(output_r + at) = x;
          } else {
            output_r[at] = adds ? x.x + addend_r[at] : x.x;
            if (n + 1 < N)
              output_r[at + 1] = adds ? x.y + addend_r[at + 1] : x.y;
          }
        }
      }
}
