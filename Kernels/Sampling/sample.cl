// The next token of every row: the largest logit, or a draw by the Gumbel maximum.
//
//   temperature 0: argmax over v of logits[v], the lowest index if several logits are largest
//   else:          argmax over v of logits[v] / temperature - log(-log u_v)
//
// u_v = (x + 0.5) 2^-23 (exact in a float), x the upper 23 bits of word v mod 4 of Philox(keys[r],
// (positions[r, b] + step, place, v / 4, purpose)). So a row's draw depends on its key, place and position alone.
//
// logits (R, B, V); keys (R, 2); positions, places, output (R, B)
// place: places[r, b], or b without has_places
// Launch: teams (B, R). Members take groups of four logits in turn. The result is the lowest index among
// the largest of the members' values.

__kernel TEAM_GROUP void sample(FLOATS(logits), INTEGERS(keys), INTEGERS(positions), INTEGERS(places),
    INTEGERS(output), const int has_places, const int step, const int B, const int V, const float temperature, const uint purpose)
{
  const int b = TEAM_NUMBER, r = (int)get_global_id(1);
  if (b >= B)
    return;
  const __global float *x = BLOCK(logits, r) + (ulong)b * V;
  const uint2 key = (uint2)((uint)BLOCK(keys, r)[0], (uint)BLOCK(keys, r)[1]);
  const uint position = (uint)BLOCK(positions, r)[b] + (uint)step;
  const uint place = has_places ? (uint)BLOCK(places, r)[b] : (uint)b;
  float best = -INFINITY;
  int chosen = 0;
  for (int first = 4 * TEAM_MEMBER; first < V; first += 4 * TEAM) {
    uint4 words = 0;
    if (temperature > 0.0f)
      words = philox(key, (uint4)(position, place, (uint)(first / 4), purpose));
    for (int v = first; v < min(first + 4, V); ++v) {
      float score = x[v];
      if (temperature > 0.0f) {
        const float u = ((float)(words.x >> 9) + 0.5f) * 0x1p-23f;
        score = score / temperature - log(-log(u));
      }
      words = words.yzwx;
      if (score > best) {
        best = score;
        chosen = v;
      }
    }
  }
#if TEAM > 1
  __local float scores[TEAM];
  __local int indices[TEAM];
  scores[TEAM_MEMBER] = best;
  indices[TEAM_MEMBER] = chosen;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < TEAM; ++i)
    if (scores[i] > best || (scores[i] == best && best > -INFINITY && indices[i] < chosen)) {
      best = scores[i];
      chosen = indices[i];
    }
#endif
  if (TEAM_MEMBER == 0)
    BLOCK(output, r)[b] = chosen;
}
