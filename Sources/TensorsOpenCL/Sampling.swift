import Kernels
import Random
public import Tensors

extension OpenCLBackend {
  public func computeSample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, step: Int,
    places: Tensor?, into output: Tensor
  ) throws {
    let shape = logits.shape
    try launch(.sample, teams: shape[1], replicas: shape[0]) {
      try $0.tensors(logits, keys, positions, places ?? positions, output)
      try $0.integers(places == nil ? 0 : 1, step, shape[1], shape[2])
      try $0.value(temperature)
      try $0.value(Philox.Purpose.sampling.rawValue)
    }
  }
}
