// matrices = matrices / (sqrt(squared_norm) + epsilon)
//
// matrices (R, P); squared_norm (R)
// Launch: global (ceil(P / elements_per_item), R).

__kernel void normalize_matrices(FLOATS(matrices), FLOATS(squared_norm), const float epsilon,
    const int P, const int elements_per_item)
{
  const int r = (int)get_global_id(1);
  const float scale = 1.0f / (sqrt(*BLOCK(squared_norm, r)) + epsilon);
  const int end = (int)FLAT_END(elements_per_item, P);
  __global float *x = BLOCK(matrices, r);
  for (int i = (int)FLAT_BEGIN(elements_per_item); i < end; i += (int)FLAT_STEP)
    x[i] *= scale;
}
