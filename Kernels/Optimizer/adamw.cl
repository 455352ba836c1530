// One step of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) over a replica's whole parameters.
//
//   g = control[0] gradient;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
//   p = p - lr decay p (the first `decayed` parameters) - lr (m c1) / (sqrt(v c2) + epsilon)
//   with lr, c1, c2, decay = control[1..4]; nothing is changed if control[0] < 0
//
// parameters, gradients, first, second (R, P); control (R, 5)
// Launch: global (ceil(P / elements_per_item), R).

__kernel void adamw(FLOATS(parameters), FLOATS(gradients), FLOATS(first), FLOATS(second),
    FLOATS(control), const ulong P, const ulong decayed, const float beta1, const float beta2,
    const float epsilon, const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const __global float *decision = BLOCK(control, r);
  const float scale = decision[0], rate = decision[1], c1 = decision[2], c2 = decision[3];
  const float decay = decision[4];
  if (scale < 0.0f)
    return;
  const ulong end = FLAT_END(elements_per_item, P);
  __global float *p = BLOCK(parameters, r), *m = BLOCK(first, r), *v = BLOCK(second, r);
  const __global float *gradient = BLOCK(gradients, r);
  ulong i = FLAT_BEGIN(elements_per_item);
#if TEAM == 1
  for (; i + 8 <= end && (i + 8 <= decayed || i >= decayed); i += 8) {
    const float8 g = vload8(0, gradient + i) * scale;
    const float8 m8 = beta1 * vload8(0, m + i) + (1.0f - beta1) * g;
    const float8 v8 = beta2 * vload8(0, v + i) + (1.0f - beta2) * (g * g);
    const float8 p8 = vload8(0, p + i);
    const float8 kept = i < decayed ? p8 - rate * decay * p8 : p8;
    vstore8(m8, 0, m + i);
    vstore8(v8, 0, v + i);
    vstore8(kept - rate * (m8 * c1) / (sqrt(v8 * c2) + epsilon), 0, p + i);
  }
#endif
  for (; i < end; i += FLAT_STEP) {
    const float g = gradient[i] * scale;
    const float mi = beta1 * m[i] + (1.0f - beta1) * g;
    const float vi = beta2 * v[i] + (1.0f - beta2) * (g * g);
    const float kept = i < decayed ? p[i] - rate * decay * p[i] : p[i];
    m[i] = mi;
    v[i] = vi;
    p[i] = kept - rate * (mi * c1) / (sqrt(vi * c2) + epsilon);
  }
}
