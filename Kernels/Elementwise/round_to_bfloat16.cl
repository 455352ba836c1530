// output[i] = input[i] rounded to bfloat16: the nearest float whose lower 16 bits are 0, ties to even
//
// input, output (R, M, C); they may be the same tensor
// Launch: global (ceil(M*C / elements_per_item), R).
//
// Half of the last kept bit's value is added, minus one bit if the last kept bit is 0. A carry into
// the exponent is correct, up to infinity. For a NaN the quiet bit is set instead.
// Twin: Sources/TensorsCPU/Elementwise.swift

#define ROUND(name, F, U, I) \
INLINE F name(const F x) \
{ \
  const U bits = as_##U(x); \
  const U rounded = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u; \
  const U quiet = (bits | 0x00400000u) & 0xffff0000u; \
  return as_##F(select(rounded, quiet, (I)((bits & 0x7fffffffu) > 0x7f800000u))); \
}
ROUND(round_one, float, uint, int)
ROUND(round_eight, float8, uint8, int8)

__kernel void round_to_bfloat16(FLOATS(input), FLOATS(output), LIVE, const int M, const int C,
    const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const ulong end = FLAT_END(elements_per_item, (ulong)LIVE_ROWS(r, M) * C);
  const __global float *x = BLOCK(input, r);
  __global float *y = BLOCK(output, r);
  ulong i = FLAT_BEGIN(elements_per_item);
#if TEAM == 1
  for (; i + 8 <= end; i += 8)
    vstore8(round_eight(vload8(0, x + i)), 0, y + i);
#endif
  for (; i < end; i += FLAT_STEP)
    y[i] = round_one(x[i]);
}
