// output[i] = left[i] + right[i]
//
// left, right, output (R, M, C); output may be left or right
// Launch: global (ceil(M*C / elements_per_item), R).

__kernel void add(FLOATS(left), FLOATS(right), FLOATS(output), LIVE, const int M,
    const int C, const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const ulong first = (ulong)get_global_id(0) * elements_per_item;
  const ulong end = min(first + elements_per_item, (ulong)LIVE_ROWS(r, M) * C);
  const __global float *a = BLOCK(left, r), *b = BLOCK(right, r);
  __global float *y = BLOCK(output, r);
  ulong i = first;
  for (; i + 8 <= end; i += 8)
    vstore8(vload8(0, a + i) + vload8(0, b + i), 0, y + i);
  for (; i < end; ++i)
    y[i] = a[i] + b[i];
}
