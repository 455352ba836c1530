import Foundation
import Transformers

/// A Llama-style decoder in double precision and plain loops, one sequence at a time, written from
/// the architecture's definition: what logits are held to, and what gradients are differences of.
struct PlainTransformer {
  let configuration: ModelConfiguration
  /// P numbers in the order of `ParameterLayout`.
  var parameters: [Double]
  private let places: [String: (offset: Int, shape: [Int])]

  init(_ configuration: ModelConfiguration, _ parameters: [Float]) {
    self.configuration = configuration
    self.parameters = parameters.map { Double($0) }
    places = Dictionary(
      uniqueKeysWithValues: ParameterLayout(configuration).entries.map {
        ($0.name, (offset: $0.offset, shape: $0.shape))
      })
  }

  /// Logits of the next token after every position: (T, V).
  func logits(_ tokens: [Int32]) -> [[Double]] {
    let width = configuration.headWidth
    let table = matrix("model.embed_tokens.weight")
    var stream = tokens.map { row(Int($0), of: table) }
    for layer in 0..<configuration.layers {
      let prefix = "model.layers.\(layer)."
      let normed = stream.map { norm($0, prefix + "input_layernorm.weight") }
      func projected(_ part: String) -> [[Double]] {
        normed.map { product(prefix + "self_attn.\(part)_proj.weight", $0) }
      }
      let queries = projected("q").enumerated().map { rotated($1, by: $0) }
      let keys = projected("k").enumerated().map { rotated($1, by: $0) }
      let values = projected("v")
      for t in stream.indices {
        var mixed: [Double] = []
        for head in 0..<configuration.heads {
          let channels = head * width..<(head + 1) * width
          let weights = softmax(
            (0...t).map { s in
              channels.reduce(0) { $0 + queries[t][$1] * keys[s][$1] } / Double(width).squareRoot()
            })
          mixed += channels.map { c in (0...t).reduce(0) { $0 + weights[$1] * values[$1][c] } }
        }
        stream[t] = sum(stream[t], product(prefix + "self_attn.o_proj.weight", mixed))
        let inner = norm(stream[t], prefix + "post_attention_layernorm.weight")
        let gate = product(prefix + "mlp.gate_proj.weight", inner)
        let up = product(prefix + "mlp.up_proj.weight", inner)
        let activated = zip(gate, up).map { $0 / (1 + exp(-$0)) * $1 }
        stream[t] = sum(stream[t], product(prefix + "mlp.down_proj.weight", activated))
      }
    }
    let output = configuration.tiesEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"
    return stream.map { product(output, norm($0, "model.norm.weight")) }
  }

  /// Log-probabilities of `tokens[first...]`, each given all tokens before it.
  func logProbabilities(_ tokens: [Int32], from first: Int) -> [Double] {
    let logits = logits(Array(tokens.dropLast()))
    return (first..<tokens.count).map { position in
      log(softmax(logits[position - 1])[Int(tokens[position])])
    }
  }

  // MARK: Parts

  private func matrix(_ name: String) -> (offset: Int, shape: [Int]) {
    guard let place = places[name] else { preconditionFailure("no parameter \(name)") }
    return place
  }

  private func row(_ index: Int, of matrix: (offset: Int, shape: [Int])) -> [Double] {
    let start = matrix.offset + index * matrix.shape[1]
    return Array(parameters[start..<start + matrix.shape[1]])
  }

  /// W x with W (out, in).
  private func product(_ name: String, _ x: [Double]) -> [Double] {
    let place = matrix(name)
    return (0..<place.shape[0]).map { output in
      let start = place.offset + output * x.count
      var sum = 0.0
      for index in x.indices { sum += parameters[start + index] * x[index] }
      return sum
    }
  }

  private func norm(_ x: [Double], _ name: String) -> [Double] {
    let start = matrix(name).offset
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let scale = 1 / (mean + Double(configuration.normEpsilon)).squareRoot()
    return x.indices.map { x[$0] * scale * parameters[start + $0] }
  }

  /// Channel i of a head and channel i + D/2 turned together by position · base^(-2i/D).
  private func rotated(_ x: [Double], by position: Int) -> [Double] {
    let (width, half) = (configuration.headWidth, configuration.headWidth / 2)
    var y = x
    for head in 0..<configuration.heads {
      for pair in 0..<half {
        let angle =
          Double(position) / pow(configuration.ropeBase, Double(2 * pair) / Double(width))
        let (first, second) = (head * width + pair, head * width + pair + half)
        y[first] = x[first] * cos(angle) - x[second] * sin(angle)
        y[second] = x[second] * cos(angle) + x[first] * sin(angle)
      }
    }
    return y
  }

  private func softmax(_ x: [Double]) -> [Double] {
    let largest = x.max() ?? 0
    let weights = x.map { exp($0 - largest) }
    let total = weights.reduce(0, +)
    return weights.map { $0 / total }
  }

  private func sum(_ x: [Double], _ y: [Double]) -> [Double] { zip(x, y).map { $0 + $1 } }
}
