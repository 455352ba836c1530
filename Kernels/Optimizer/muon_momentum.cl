// The gradient's running mean, and Muon's direction one step ahead of it.
//
//   g = control[0] gradient;  m = beta m + (1 - beta) g;  direction = beta m + (1 - beta) g
//   if control[0] < 0 m is not changed and direction is 0
//
// gradients, moment (R, n, M, N); control (R, 5); direction (R, n, M, N), or (R, n, N, M) if transposed
// Launch: global (ceil(n*M*N / elements_per_item), R).

__kernel void muon_momentum(FLOATS(gradients), FLOATS(moment), FLOATS(control), FLOATS(direction),
    const float beta, const int n, const int M, const int N, const int transposed,
    const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const float scale = *BLOCK(control, r);
  const uint end = (uint)FLAT_END(elements_per_item, (uint)n * M * N);
  const __global float *gradient = BLOCK(gradients, r);
  __global float *m = BLOCK(moment, r), *d = BLOCK(direction, r);
  for (uint i = (uint)FLAT_BEGIN(elements_per_item); i < end; i += (uint)FLAT_STEP) {
    const uint row = i / N;
    const uint place = transposed ? row / M * M * N + (i - row * N) * M + row % M : i;
    if (scale < 0.0f) {
      d[place] = 0.0f;
      continue;
    }
    const float part = (1.0f - beta) * (scale * gradient[i]);
    const float mean = beta * m[i] + part;
    m[i] = mean;
    d[place] = beta * mean + part;
  }
}
