import Foundation
import TestSupport
import Tensors
import Testing
import Training
import Transformers

/// Ten training losses against PyTorch's, from the same weights and data: forward pass, gradient,
/// clipping (active at every step), schedules, and each optimizer with decay of matrices only.
///
/// ```
/// import math, torch
///
/// torch.set_num_threads(1)
/// V, C, L, H, F = 29, 24, 2, 3, 36
/// B, T, S = 4, 10, 10
/// SHAPES = [("embedding", (V, C))]
/// for l in range(L):
///     SHAPES += [(f"{l}.{p}", (C, C)) for p in "qkvo"]
///     SHAPES += [(f"{l}.gate", (F, C)), (f"{l}.up", (F, C)), (f"{l}.down", (C, F))]
/// for l in range(L):
///     SHAPES += [(f"{l}.norm1", (C,)), (f"{l}.norm2", (C,))]
/// SHAPES += [("norm", (C,))]
///
/// def parameters(offset):
///     parameters, i = {}, 0
///     for name, shape in SHAPES:
///         n = math.prod(shape)
///         if len(shape) == 2:
///             values = [0.25 * math.sin(0.7 * j * j + offset) for j in range(i, i + n)]
///         else:
///             values = [1 + 0.1 * math.sin(0.7 * j + offset) for j in range(i, i + n)]
///         parameters[name] = torch.tensor(values, dtype=torch.float32).reshape(shape).requires_grad_()
///         i += n
///     return parameters
///
/// def example(step, row, offset):
///     """Tokens and the first of them that is a target."""
///     n = 3 + (5 * step + 7 * row + offset) % (T - 1)
///     tokens = [(3 * i * i + (2 + row) * i + step + offset) % V for i in range(n)]
///     return tokens, 1 + (step + row) % (n - 1)
///
/// def norm(x, w):
///     return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * w
///
/// def rotate(x):
///     D = C // H
///     frequencies = 10000 ** (-torch.arange(0, D, 2, dtype=torch.float64) / D)
///     angles = torch.arange(x.shape[2], dtype=torch.float64)[:, None] * frequencies
///     cos, sin = (torch.cat([f(angles)] * 2, -1).float() for f in (torch.cos, torch.sin))
///     a, b = x.chunk(2, -1)
///     return x * cos + torch.cat([-b, a], -1) * sin
///
/// def forward(p, tokens):
///     x = p["embedding"][tokens]
///     heads = lambda y: y.view(*y.shape[:2], H, C // H).transpose(1, 2)
///     for l in range(L):
///         y = norm(x, p[f"{l}.norm1"])
///         q, k, v = (heads(y @ p[f"{l}.{n}"].T) for n in "qkv")
///         y = torch.nn.functional.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
///         x = x + y.transpose(1, 2).flatten(2) @ p[f"{l}.o"].T
///         y = norm(x, p[f"{l}.norm2"])
///         y = torch.nn.functional.silu(y @ p[f"{l}.gate"].T) * (y @ p[f"{l}.up"].T)
///         x = x + y @ p[f"{l}.down"].T
///     return norm(x, p["norm"]) @ p["embedding"].T
///
/// def adamw(matrices, vectors, decay=0.1):
///     groups = [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
///     return [(torch.optim.AdamW(groups, lr=1.0, betas=(0.9, 0.95), eps=1e-8), 1, 0)]
///
/// def sgd(matrices, vectors):
///     # PyTorch adds decay to the gradient; here it is taken from the matrices before the step.
///     return [(torch.optim.SGD(matrices + vectors, lr=1.0, momentum=0.9), 1, 0.1)]
///
/// def muon(scale, ratio):
///     def optimizers(matrices, vectors):
///         blocks = torch.optim.Muon(
///             matrices[1:], lr=1.0, weight_decay=0.1, momentum=0.95, adjust_lr_fn=scale)
///         return [(blocks, ratio, 0)] + adamw(matrices[:1], vectors)
///     return optimizers
///
/// def train(offset, rate, optimizers=adamw):
///     p = parameters(offset)
///     matrices = [v for v in p.values() if v.dim() == 2]
///     used = optimizers(matrices, [v for v in p.values() if v.dim() == 1])
///     losses, norms = [], []
///     for step in range(S):
///         examples = [example(step, row, offset) for row in range(B)]
///         tokens = torch.tensor([t + [0] * (T + 1 - len(t)) for t, _ in examples])
///         targets = torch.full((B, T), -100)
///         for row, (t, first) in enumerate(examples):
///             targets[row, first - 1 : len(t) - 1] = torch.tensor(t[first:])
///         loss = torch.nn.functional.cross_entropy(
///             forward(p, tokens[:, :-1]).flatten(0, 1), targets.flatten(), ignore_index=-100)
///         for v in p.values():
///             v.grad = None
///         loss.backward()
///         norms.append(float(torch.nn.utils.clip_grad_norm_(list(p.values()), 1.0)))
///         for optimizer, ratio, decay in used:
///             for group in optimizer.param_groups:
///                 group["lr"] = rate(step) * ratio
///             with torch.no_grad():
///                 for v in matrices:
///                     v.mul_(1 - rate(step) * decay)
///             optimizer.step()
///         losses.append(loss.item())
///     print(offset, ["%.7f" % x for x in losses])
///     print("norms", ["%.3f" % x for x in norms])
///
/// # Warm-up over 4 steps to the peak; the second falls by a cosine from step 3 to 1/10 at step 10.
/// def constant(peak):
///     return lambda step: peak * min(1, (step + 1) / 4)
///
/// def cosine(peak):
///     return lambda step: (peak * (step + 1) / 3 if step < 3 else
///                          peak * (0.1 + 0.9 * (1 + math.cos(math.pi * (step - 3) / 7)) / 2))
///
/// # Muon orthogonalizes in bfloat16; here in float32.
/// torch.bfloat16 = torch.float32
/// for optimizers in (adamw, sgd, muon("original", 2), muon("match_rms_adamw", 1)):
///     train(1, constant(0.01), optimizers)
///     train(2, cosine(0.02), optimizers)
/// ```
/// PyTorch 2.15.0 on a CPU printed the losses below, and gradient norms from 2.8 to 7.9. In double
/// precision the same program's losses differ by up to 6e-6, so 1e-4 leaves room for rounding and
/// for nothing else.
@Suite(.serialized)
struct PyTorchTrainingTests {
  struct Run: Sendable {
    let settings: OptimizerSettings
    /// Of both replicas.
    let losses: [[Double]]
  }

  static let runs = [
    Run(
      settings: .adamW(AdamWSettings(weightDecay: 0.1)),
      losses: [
        [
          4.0965667, 3.7962019, 3.4935722, 3.6642637, 3.6665189, 3.5519021,
          3.4454749, 3.7548971, 3.7724452, 3.8538134,
        ],
        [
          4.0144057, 3.7143772, 3.5727775, 3.4447372, 3.6053391, 3.9130061,
          3.1801560, 3.9274075, 3.3130481, 3.8236966,
        ],
      ]),
    Run(
      settings: .sgd(SGDSettings(momentum: 0.9, weightDecay: 0.1)),
      losses: [
        [
          4.0965667, 3.7995470, 3.5152481, 3.8721426, 3.6588550, 3.5049660,
          3.6760700, 3.6187773, 3.6170480, 3.5389652,
        ],
        [
          4.0144057, 3.6666107, 3.5106051, 3.7990010, 3.4621522, 3.9823160,
          3.4558532, 3.8438377, 3.2336471, 4.1388474,
        ],
      ]),
    Run(
      settings: .muon(
        MuonSettings(
          scale: .original, learningRateRatio: 2, adamW: AdamWSettings(weightDecay: 0.1))),
      losses: [
        [
          4.0965667, 3.7866442, 3.5041091, 3.7159379, 3.6989868, 3.5080259,
          3.4425969, 3.5856400, 3.6885283, 3.7677383,
        ],
        [
          4.0144057, 3.6758447, 3.5148132, 3.4684863, 3.6235809, 4.0387912,
          3.1618106, 4.0036139, 3.3344910, 3.7239795,
        ],
      ]),
    Run(
      settings: .muon(MuonSettings(scale: .matchingAdamW, adamW: AdamWSettings(weightDecay: 0.1))),
      losses: [
        [
          4.0965667, 3.7879500, 3.5073581, 3.7499166, 3.6963160, 3.4937832,
          3.4968359, 3.5286548, 3.6499150, 3.6697855,
        ],
        [
          4.0144057, 3.6674428, 3.4832931, 3.5363233, 3.5781126, 3.9744694,
          3.2014425, 3.8961487, 3.2217772, 3.7883160,
        ],
      ]),
  ]

  static let schedules = [
    Schedule.constant(peak: 0.01, warmup: 4),
    Schedule.cosine(peak: 0.02, warmup: 3, steps: 10, finalFraction: 0.1),
  ]

  static let configuration = ModelConfiguration(
    vocabularySize: 29, channels: 24, layers: 2, heads: 3, feedForwardWidth: 36)

  private static func parameters(_ offset: Int) -> [Float] {
    let layout = ParameterLayout(configuration)
    return (0..<layout.count).map { index in
      let j = Double(index)
      return index < layout.decayed
        ? Float(0.25 * sin(0.7 * j * j + Double(offset)))
        : Float(1 + 0.1 * sin(0.7 * j + Double(offset)))
    }
  }

  private static func example(_ step: Int, _ row: Int, _ offset: Int) -> Example {
    let count = 3 + (5 * step + 7 * row + offset) % 9
    return Example(
      tokens: (0..<count).map { Int32((3 * $0 * $0 + (2 + row) * $0 + step + offset) % 29) },
      firstTarget: 1 + (step + row) % (count - 1))
  }

  @Test(arguments: availableBackends, runs)
  func lossesAreThoseOfPyTorch(_ choice: BackendChoice, _ run: Run) throws {
    let geometry = BatchGeometry(batch: 4, positions: 10, targets: 10)
    let cohort = try Cohort(
      Self.configuration,
      replicas: (0..<2).map {
        Cohort.Replica(parameters: Self.parameters($0 + 1), schedule: Self.schedules[$0])
      }, steps: 10, settings: run.settings, geometry: geometry, on: choice.makeBackend())
    for step in 0..<10 {
      let examples = (0..<2).map { replica in
        (0..<4).map { Self.example(step, $0, replica + 1) }
      }
      try cohort.step(CohortBatch(examples, geometry: geometry))
    }
    let losses = try cohort.losses(of: 0..<10)
    var largest = 0.0
    for replica in 0..<2 {
      for step in 0..<10 {
        let difference = abs(Double(losses[replica][step]) - run.losses[replica][step])
        #expect(difference <= 1e-4, "replica \(replica), step \(step): \(losses[replica][step])")
        largest = max(largest, difference)
      }
    }
    print(
      "PyTorch's losses and those of \(choice.name) differ by at most \(largest): \(run.settings)")
  }
}
