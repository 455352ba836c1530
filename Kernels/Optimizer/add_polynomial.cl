// square = a I + b gram + c square
//
// gram, square (R, M, M)
// Launch: global (ceil(M*M / elements_per_item), R).

__kernel void add_polynomial(FLOATS(gram), FLOATS(square), const float a, const float b,
    const float c, const int M, const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const int end = (int)FLAT_END(elements_per_item, M * M);
  const __global float *x = BLOCK(gram, r);
  __global float *y = BLOCK(square, r);
  for (int i = (int)FLAT_BEGIN(elements_per_item); i < end; i += (int)FLAT_STEP) {
    const float sum = b * x[i] + c * y[i];
    y[i] = i % (M + 1) == 0 ? sum + a : sum;
  }
}
