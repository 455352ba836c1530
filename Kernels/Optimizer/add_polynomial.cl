// square = a I + b gram + c square
//
// gram, square (R, M, M)
// Launch: global (ceil(M*M / elements_per_item), R).

__kernel void add_polynomial(FLOATS(gram), FLOATS(square), const float a, const float b,
    const float c, const int M, const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const int begin = (int)get_global_id(0) * elements_per_item;
  const int end = min(begin + elements_per_item, M * M);
  const __global float *x = BLOCK(gram, r);
  __global float *y = BLOCK(square, r);
  for (int i = begin; i < end; ++i) {
    const float sum = b * x[i] + c * y[i];
    y[i] = i % (M + 1) == 0 ? sum + a : sum;
  }
}
