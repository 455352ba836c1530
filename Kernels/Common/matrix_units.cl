// Products of small matrices by a device's matrix units: the part that depends on the vendor.

// Fragments, a lane's part of a small matrix, follow the PTX ISA, "Matrix Fragments for
// mma.m16n8k16 with floating point type".
//
// unit_lane      the work-item's number in its warp
// unit_address   what load_matrices calls the first byte of local memory
// unit_pack      two numbers as bfloat16, low in the low half
// load_matrices  four 8 x 8 matrices of 16-bit elements, transposed if asked for; lane 8 * i + j
//                gives the address of row j of matrix i
// multiply_add   left (16 x 16) * right (16 x 8) + sum
//
// These functions use the SCRATCH_BYTES of local memory before the tiles.
#ifdef MATRIX_UNITS_PTX

#define SCRATCH_BYTES(warps) 0

INLINE uint unit_lane(void)
{
  uint lane;
  __asm__("mov.u32 %0, %%laneid;" : "=r"(lane));
  return lane;
}

// Compilers pass different numbers to assembly for a pointer to local memory: a generic address, or
// an address within shared memory, which ldmatrix.shared needs. Only a generic address passes
// isspacep.
INLINE uint unit_address(__local uchar *tiles)
{
  uint address;
  __asm__ volatile("{\n"
      ".reg .pred is_generic;\n"
      ".reg .u64 shared_address;\n"
      "isspacep.shared is_generic, %1;\n"
      "cvta.to.shared.u64 shared_address, %1;\n"
      "selp.b64 shared_address, shared_address, %1, is_generic;\n"
      "cvt.u32.u64 %0, shared_address;\n"
      "}" : "=r"(address) : "l"((ulong)tiles) : "memory");
  return address;
}

INLINE uint unit_pack(const float low, const float high)
{
  uint pair;
  __asm__("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

INLINE uint4 load_matrices(__local uchar *tiles, const uint address, const bool transposed)
{
  uint x, y, z, w;
  if (transposed)
    __asm__ volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(x), "=r"(y), "=r"(z), "=r"(w) : "r"(address) : "memory");
  else
    __asm__ volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(x), "=r"(y), "=r"(z), "=r"(w) : "r"(address) : "memory");
  return (uint4)(x, y, z, w);
}

// volatile: the whole warp must execute this instruction, so the compiler must not move it into a
// branch of some lanes.
INLINE float4 multiply_add(__local uchar *tiles, const uint4 left, const uint2 right,
    const float4 sum)
{
  float x = sum.x, y = sum.y, z = sum.z, w = sum.w;
  __asm__ volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(x), "+f"(y), "+f"(z), "+f"(w)
      : "r"(left.x), "r"(left.y), "r"(left.z), "r"(left.w), "r"(right.x), "r"(right.y));
  return (float4)(x, y, z, w);
}

#else

// The same functions in plain OpenCL C, for tests of the other code on any device. A warp is 32
// neighbouring work-items, which exchange values in the local memory before the tiles. All warps
// must call these functions together.

#define SCRATCH_BYTES(warps) (768 * (warps))
#define WARP_SCRATCH (tiles - 768 * (get_local_id(0) / 32 + 1))

INLINE uint unit_lane(void)
{
  return (uint)get_local_id(0) % 32;
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

// PTX ISA, "Warp-level matrix load instruction: ldmatrix": lane 4 * row + c receives the elements
// 2 * c and 2 * c + 1 of a row.
INLINE uint4 load_matrices(__local uchar *tiles, const uint address, const bool transposed)
{
  __local uint *addresses = (__local uint *)WARP_SCRATCH;
  const uint lane = unit_lane();
  uint registers[4] = {0};
  addresses[lane] = address;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint i = 0; i < 4; ++i)
    for (uint part = 0; part < 2; ++part) {
      const uint row = lane / 4, column = lane % 4 * 2 + part;
      const __local ushort *elements =
          (const __local ushort *)(tiles + addresses[8 * i + (transposed ? column : row)]);
      registers[i] |= (uint)elements[transposed ? row : column] << 16 * part;
    }
  barrier(CLK_LOCAL_MEM_FENCE);
  return (uint4)(registers[0], registers[1], registers[2], registers[3]);
}

// PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type": a0 to a7, b0 to b3 and c0
// to c3. A register has two bfloat16 or one float.
INLINE float4 multiply_add(__local uchar *tiles, const uint4 left, const uint2 right,
    const float4 sum)
{
  __local ushort *a = (__local ushort *)WARP_SCRATCH, *b = a + 16 * 16;
  const uint group = unit_lane() >> 2, in_group = unit_lane() % 4;
  const uint a_registers[4] = {left.x, left.y, left.z, left.w};
  const uint b_registers[2] = {right.x, right.y};
  float c[4] = {sum.x, sum.y, sum.z, sum.w};
  for (uint i = 0; i < 8; ++i) {
    const uint row = i < 2 || (4 <= i && i < 6) ? group : group + 8;
    const uint column = in_group * 2 + (i & 1) + (i < 4 ? 0 : 8);
    a[row * 16 + column] = (ushort)(a_registers[i / 2] >> 16 * (i % 2));
  }
  for (uint i = 0; i < 4; ++i) {
    const uint row = in_group * 2 + (i & 1) + (i < 2 ? 0 : 8);
    b[row * 8 + group] = (ushort)(b_registers[i / 2] >> 16 * (i % 2));
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (uint i = 0; i < 4; ++i) {
    const uint row = i < 2 ? group : group + 8, column = in_group * 2 + (i & 1);
    for (uint k = 0; k < 16; ++k)
      c[i] = fma(as_float((uint)a[row * 16 + k] << 16), as_float((uint)b[k * 8 + column] << 16),
                 c[i]);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  return (float4)(c[0], c[1], c[2], c[3]);
}

#endif
