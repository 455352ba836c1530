// Attention of one new position per row over a layer's caches, after storing its key and value, for
// devices with many work-items (GPUs).
//
//   output[b,h,:] = sum over s <= t of softmax_s(q . k_s / sqrt(D)) v_s,  t = positions[b] + step
//
// projection   (R, B, 1, 3C): query and key are rotated here, as in rotary.cl
// table        (1, positions, D/2, 2): cosine, sine
// keys, values (R, B, H, T, D): element t is written
// positions    (R, B)
// output       (R, B, 1, C)
// Launch: global (TEAM * H, B, R), local (TEAM, 1, 1). A team computes a head of a row. Needs -DD=.
//
// Keys are processed in blocks of TEAM with one rescaling per block (online maximum: Milakov &
// Gimelshein 2018, arXiv:1805.02867). A member scores one key of a block. Then it sums its own
// elements of the values. Neighbours read neighbouring elements of values and of keys; keys go through
// local memory, some channels at a time, with an odd stride that avoids bank conflicts. The first key
// makes the maximum finite.

#define PARTS ((D + TEAM - 1) / TEAM)
// Half as many channels for teams of 64, so that as many groups fit into the local memory of a core.
#define MOST (TEAM == 64 ? 16 : 32)
#define DEPTH (D < MOST ? D : MOST)
#define STRIDE (DEPTH | 1)

__kernel TEAM_GROUP void attention_decode_local(FLOATS(projection), FLOATS(table), FLOATS(keys),
    FLOATS(values), INTEGERS(positions), FLOATS(output), const int step, const int H, const int T, const float scale)
{
  TEAM_SCRATCH;
  __local float q[D], block[TEAM * STRIDE];
  const int h = (int)get_group_id(0), b = (int)get_global_id(1), r = (int)get_global_id(2);
  const int C = H * D, t = BLOCK(positions, r)[b] + step;
  const __global float *x = BLOCK(projection, r) + (ulong)b * 3 * C + h * D;
  const __global float *angles = table + table_offset + (ulong)t * D;
  __global float *key = BLOCK(keys, r) + ((ulong)b * H + h) * T * D;
  __global float *value = BLOCK(values, r) + ((ulong)b * H + h) * T * D;
  for (int i = TEAM_MEMBER; i < D / 2; i += TEAM) {
    const float c = angles[2 * i], s = angles[2 * i + 1];
    const float low = x[i], high = x[i + D / 2];
    q[i] = (low * c - high * s) * scale;
    q[i + D / 2] = (high * c + low * s) * scale;
    const float key_low = x[C + i], key_high = x[C + i + D / 2];
    key[(ulong)t * D + i] = key_low * c - key_high * s;
    key[(ulong)t * D + i + D / 2] = key_high * c + key_low * s;
  }
  for (int d = TEAM_MEMBER; d < D; d += TEAM)
    value[(ulong)t * D + d] = x[2 * C + d];
  barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);

  float o[PARTS];
#pragma unroll
  for (int i = 0; i < PARTS; ++i)
    o[i] = 0.0f;
  float largest = -INFINITY, sum = 0.0f;
  for (int s0 = 0; s0 <= t; s0 += TEAM) {
    const int s = s0 + TEAM_MEMBER;
    const __global float *k = key + (ulong)s0 * D;
    float score = 0.0f;
    for (int d0 = 0; d0 < D; d0 += DEPTH) {
      const int depth = min(DEPTH, D - d0);
      barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 8
      for (int i = TEAM_MEMBER; i < TEAM * DEPTH; i += TEAM) {
        const int j = i / DEPTH, d = i % DEPTH;
        if (d < depth)
          block[j * STRIDE + d] = k[(ulong)min(j, t - s0) * D + d0 + d];
      }
      barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll 8
      for (int d = 0; d < depth; ++d)
        score = fma(q[d0 + d], block[TEAM_MEMBER * STRIDE + d], score);
    }
    score = s <= t ? score : -INFINITY;
    const float above = fmax(largest, team_max(score));
    const float correction = exponential(largest - above);
    largest = above;
    sum = fma(sum, correction, team_sum(exponential(score - above)));
    // The scratch memory has every member's weight until the next exchange.
    const __global float *v = value + (ulong)s0 * D;
    const int count = min(TEAM, t - s0 + 1);
#pragma unroll
    for (int i = 0; i < PARTS; ++i) {
      const int d = TEAM_MEMBER + i * TEAM;
      float y = o[i] * correction;
      if (d < D)
        for (int j = 0; j < count; ++j)
          y = fma(team_scratch[j], v[(ulong)j * D + d], y);
      o[i] = y;
    }
  }
  __global float *out = BLOCK(output, r) + (ulong)b * C + h * D;
#pragma unroll
  for (int i = 0; i < PARTS; ++i)
    if (TEAM_MEMBER + i * TEAM < D)
      out[TEAM_MEMBER + i * TEAM] = o[i] / sum;
}
