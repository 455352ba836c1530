import Random
import Kernels
import Random
public import Tensors

extension OpenCLBackend {
  public func sample(
    _ logits: Tensor, temperature: Float, keys: Tensor, positions: Tensor, places: Tensor?,
    into output: Tensor
  ) throws {
    let shape = logits.shape
    require(
      shape.rank == 3 && positions.shape == [shape[0], shape[1]]
        && (places ?? output).shape == positions.shape && output.shape == positions.shape
        && keys.shape == [shape[0], 2], "sample",
      "logits \(shape), keys \(keys.shape), positions \(positions.shape) and output "
        + "\(output.shape) do not fit")
    try launch(.sample, teams: shape[1], replicas: shape[0]) {
      try $0.tensors(logits, keys, positions, places ?? positions, output)
      try $0.integers(places == nil ? 0 : 1, shape[1], shape[2])
      try $0.value(temperature)
      try $0.value(Philox.Purpose.sampling.rawValue)
    }
  }
}
