// One step of matrices along a direction, with decoupled weight decay.
//
//   p = p - lr decay control[4] p - lr scale direction with lr = control[1]
//   nothing is changed if control[0] < 0
//
// parameters (R, n, M, N); direction (R, n, M, N), or (R, n, N, M) if transposed; control (R, 5)
// Launch: global (ceil(n*M*N / elements_per_item), R).

__kernel void muon_update(FLOATS(parameters), FLOATS(direction), FLOATS(control), const float scale,
    const float decay, const int n, const int M, const int N, const int transposed,
    const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const __global float *decision = BLOCK(control, r);
  if (decision[0] < 0.0f)
    return;
  const float rate = decision[1] * scale, shrinking = decision[1] * decay * decision[4];
  const uint end = (uint)FLAT_END(elements_per_item, (uint)n * M * N);
  __global float *p = BLOCK(parameters, r);
  const __global float *d = BLOCK(direction, r);
  for (uint i = (uint)FLAT_BEGIN(elements_per_item); i < end; i += (uint)FLAT_STEP) {
    const uint row = i / N;
    const uint place = transposed ? row / M * M * N + (i - row * N) * M + row % M : i;
    p[i] = p[i] - shrinking * p[i] - rate * d[place];
  }
}
