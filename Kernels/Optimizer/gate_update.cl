// Decides each replica's update and advances its step on the device, so a step needs no value of the host.
//
//   updates when active = 1, step < S, and loss and squared norm are finite:
//     control = (min(1, clip / norm), schedule[step, 0..3]), step += 1
//   otherwise control[0] = -1; a loss or norm that is not finite sets active = -1 for good (diverged)
//
// loss, squared_norm (R); schedule (R, S, 4); steps, active (R); control (R, 5)
// Launch: global (R).

__kernel void gate_update(FLOATS(loss), FLOATS(squared_norm), FLOATS(schedule), INTEGERS(steps),
    INTEGERS(active), FLOATS(control), const int R, const int S, const float clip)
{
  const int r = (int)get_global_id(0);
  if (r >= R)
    return;
  __global float *decision = BLOCK(control, r);
  const int step = *BLOCK(steps, r);
  const float squares = *BLOCK(squared_norm, r);
  const bool finite = isfinite(squares) && isfinite(*BLOCK(loss, r));
  decision[0] = -1.0f;
  decision[1] = decision[2] = decision[3] = decision[4] = 0.0f;
  if (*BLOCK(active, r) != 1)
    return;
  if (!finite) {
    *BLOCK(active, r) = -1;
    return;
  }
  if (step >= S)
    return;
  const float norm = sqrt(squares);
  const __global float *row = BLOCK(schedule, r) + (ulong)step * 4;
  decision[0] = norm > clip ? clip / norm : 1.0f;
  decision[1] = row[0];
  decision[2] = row[1];
  decision[3] = row[2];
  decision[4] = row[3];
  *BLOCK(steps, r) = step + 1;
}
