// Attention of one new position per row over a layer's caches, after storing its key and value.
//
//   output[b,h,:] = sum over s <= t of softmax_s(q . k_s / sqrt(D)) v_s,  t = positions[b] + step
//
// projection   (R, B, 1, 3C): query and key are rotated here, as in rotary.cl
// table        (1, positions, D/2, 2): cosine, sine
// keys, values (R, B, H, T, D): element t is written
// positions    (R, B)
// output       (R, B, 1, C)
// Launch: global (H, B, R). A work-item computes a head of a row. Needs -DD=.
// Keys are processed in blocks of KEYS with one rescaling per block (online maximum). The first key
// makes the maximum finite. Lanes go over d. A block's products are transposed, so its scores are
// one vector and need one exponential. Caches of many rows exceed the processor's caches, and the hardware
// fetches too little ahead of so short a loop: the keys and values of later blocks are prefetched, at the end those of
// the next head, which follow in memory.

#if D % LANES == 0
#define KEYS LANES
#define PART LANES
typedef vector part;
#define part_load(p) vector_load(p)
#define part_store(x, p) vector_store(x, p)
#else
#define KEYS 1
#define PART 1
typedef float part;
#define part_load(p) (*(p))
#define part_store(x, p) (*(p) = (x))
#endif
#define PARTS (D / PART)
// Keys between a block and the block that is prefetched.
#define AHEAD 32

#if KEYS == 1
// One key: its score, and its own maximum, weight and sum.
typedef float scores;
INLINE float score_keys(float *x) { return x[0]; }
#define score_numbers 0.0f
#define largest_score(x) (x)
#define score_sum(x) (x)
#define score_exponential exponential
#define score_store(x, p) (*(p) = (x))
#else
typedef vector scores;
// Lane j of the result is the sum of the lanes of x[j], in the order of the lanes.
INLINE scores score_keys(vector *x)
{
  transpose(x);
  scores sum = x[0];
#pragma unroll
  for (int i = 1; i < LANES; ++i)
    sum += x[i];
  return sum;
}
#define score_numbers LANE_NUMBERS
#if LANES == 8
#define largest_score(x) max8(x)
#define score_sum(x) sum8(x)
#else
#define largest_score(x) max8(fmax((x).lo, (x).hi))
#define score_sum(x) sum8((x).lo + (x).hi)
#endif
#define score_exponential exponential_to_88
#define score_store(x, p) vector_store(x, p)
#endif

__kernel void attention_decode(FLOATS(projection), FLOATS(table), FLOATS(keys),
    FLOATS(values), INTEGERS(positions), FLOATS(output), const int step, const int H, const int T, const float scale)
{
  const int h = (int)get_global_id(0), b = (int)get_global_id(1), r = (int)get_global_id(2);
  const int C = H * D, t = BLOCK(positions, r)[b] + step;
  const __global float *x = BLOCK(projection, r) + (ulong)b * 3 * C + h * D;
  const __global float *angles = table + table_offset + (ulong)t * D;
  __global float *key = BLOCK(keys, r) + ((ulong)b * H + h) * T * D;
  __global float *value = BLOCK(values, r) + ((ulong)b * H + h) * T * D;
  // The rotated query, then the rotated key.
  float turned[2 * D];
  int pair = 0;
  for (; pair + 8 <= D / 2; pair += 8) {
    const float16 angle = vload16(0, angles + 2 * pair);
    const float8 c = angle.even, s = angle.odd;
#pragma unroll
    for (int which = 0; which < 2; ++which) {
      const __global float *from = x + which * C + pair;
      const float8 low = vload8(0, from), high = vload8(0, from + D / 2);
      vstore8(low * c - high * s, 0, turned + which * D + pair);
      vstore8(high * c + low * s, 0, turned + which * D + pair + D / 2);
    }
  }
  for (; pair < D / 2; ++pair) {
    const float c = angles[2 * pair], s = angles[2 * pair + 1];
#pragma unroll
    for (int which = 0; which < 2; ++which) {
      const float low = x[which * C + pair], high = x[which * C + pair + D / 2];
      turned[which * D + pair] = low * c - high * s;
      turned[which * D + pair + D / 2] = high * c + low * s;
    }
  }
  part q[PARTS], o[PARTS];
  for (int i = 0; i < PARTS; ++i) {
    q[i] = part_load(turned + i * PART) * scale;
    o[i] = 0.0f;
    part_store(part_load(turned + D + i * PART), key + (ulong)t * D + i * PART);
    part_store(part_load(x + 2 * C + i * PART), value + (ulong)t * D + i * PART);
  }
  float largest = -INFINITY, sum = 0.0f;
  for (int s0 = 0; s0 <= t; s0 += KEYS) {
    part products[KEYS];
#pragma unroll
    for (int j = 0; j < KEYS; ++j) {
      const __global float *k = key + (ulong)min(s0 + j, t) * D;
      part y = 0.0f;
      for (int i = 0; i < PARTS; ++i)
        y = fma(q[i], part_load(k + i * PART), y);
      products[j] = y;
    }
    const int next = s0 + AHEAD <= t ? s0 + AHEAD : s0 + AHEAD - (t / KEYS + 1) * KEYS + T;
#pragma unroll
    for (int i = 0; i < KEYS * D; i += 16) {
      prefetch_line(key + (ulong)next * D + i);
      prefetch_line(value + (ulong)next * D + i);
    }
    scores score = score_keys(products);
    score = score_numbers > (scores)(float)(t - s0) ? (scores)(-INFINITY) : score;
    const float above = fmax(largest, largest_score(score));
    const float correction = exponential(largest - above);
    score = score_exponential(score - above);
    largest = above;
    sum = fma(sum, correction, score_sum(score));
    float weight[KEYS];
    score_store(score, weight);
    for (int i = 0; i < PARTS; ++i) {
      part y = o[i] * correction;
      for (int j = 0; j < min(KEYS, t - s0 + 1); ++j)
        y = fma((part)(weight[j]), part_load(value + (ulong)(s0 + j) * D + i * PART), y);
      o[i] = y;
    }
  }
  __global float *out = BLOCK(output, r) + (ulong)b * C + h * D;
  for (int i = 0; i < PARTS; ++i)
    part_store(o[i] / sum, out + i * PART);
}
