// output[i] = left[i] + right[i]
//
// left, right, output (R, M, C); output may be left or right
// Launch: global (ceil(M*C / elements_per_item), R).

__kernel void add(FLOATS(left), FLOATS(right), FLOATS(output), LIVE, const int M,
    const int C, const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const ulong end = FLAT_END(elements_per_item, (ulong)LIVE_ROWS(r, M) * C);
  const __global float *a = BLOCK(left, r), *b = BLOCK(right, r);
  __global float *y = BLOCK(output, r);
  ulong i = FLAT_BEGIN(elements_per_item);
#if TEAM == 1
  for (; i + 8 <= end; i += 8)
    vstore8(vload8(0, a + i) + vload8(0, b + i), 0, y + i);
#endif
  for (; i < end; i += FLAT_STEP)
    y[i] = a[i] + b[i];
}
