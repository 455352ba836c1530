// One step of gradient descent with momentum over a replica's whole parameters.
//
//   m = momentum m + control[0] gradient
//   p = p - lr decay p (the first `decayed` parameters) - lr m
//   with lr = control[1], decay = control[4]; nothing is changed if control[0] < 0
//
// parameters, gradients, moment (R, P); control (R, 5)
// Launch: global (ceil(P / elements_per_item), R).

__kernel void sgd(FLOATS(parameters), FLOATS(gradients), FLOATS(moment), FLOATS(control),
    const ulong P, const ulong decayed, const float momentum, const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const __global float *decision = BLOCK(control, r);
  const float scale = decision[0], rate = decision[1], decay = decision[4];
  if (scale < 0.0f)
    return;
  const ulong end = FLAT_END(elements_per_item, P);
  __global float *p = BLOCK(parameters, r), *m = BLOCK(moment, r);
  const __global float *gradient = BLOCK(gradients, r);
  ulong i = FLAT_BEGIN(elements_per_item);
#if TEAM == 1
  for (; i + 8 <= end && (i + 8 <= decayed || i >= decayed); i += 8) {
    const float8 m8 = momentum * vload8(0, m + i) + scale * vload8(0, gradient + i);
    const float8 p8 = vload8(0, p + i);
    const float8 kept = i < decayed ? p8 - rate * decay * p8 : p8;
    vstore8(m8, 0, m + i);
    vstore8(kept - rate * m8, 0, p + i);
  }
#endif
  for (; i < end; i += FLAT_STEP) {
    const float mi = momentum * m[i] + scale * gradient[i];
    const float kept = i < decayed ? p[i] - rate * decay * p[i] : p[i];
    m[i] = mi;
    p[i] = kept - rate * mi;
  }
}
