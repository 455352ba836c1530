// Adds a fixed number of partial rows in ascending order.
//
//   output[r, c] = sum over blocks of partial[r, block, c]
//
// partial (R, blocks, C); output (R, C)
// Launch: global (ceil(C / elements_per_item), R).

__kernel void sum_blocks(FLOATS(partial), FLOATS(output), const int blocks, const int C,
    const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const int first = (int)get_global_id(0) * elements_per_item;
  const __global float *rows = BLOCK(partial, r);
  for (int c = first; c < min(first + elements_per_item, C); ++c) {
    float sum = 0.0f;
    for (int block = 0; block < blocks; ++block)
      sum += rows[(ulong)block * C + c];
    BLOCK(output, r)[c] = sum;
  }
}
