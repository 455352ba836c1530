import Tensors
package import Transformers

extension Generation {
  /// Responses of the replicas of several cohorts, in their order. Each replica has its own prompts,
  /// and all have the same number of prompts. The cohorts run at the same time.
  ///
  /// - Parameter sampling: The choice of the next token, without a value at temperature 1.
  /// - Throws: A failure of the device.
  package static func responses(
    to prompts: [[[Int32]]], models: [Transformer], maximumTokens: Int,
    sampling: Sampling = Sampling(temperature: 1), seeds: [UInt64]
  ) throws -> [[[Int32]]] {
    let positions = prompts.joined().map(\.count).max() ?? 1
    var first = 0
    let runs = try models.map { model in
      let replicas = first..<first + model.replicas
      first += model.replicas
      let lists = prompts[replicas]
      let rows = lists.first?.count ?? 0
      return try Generation(
        model,
        prompts: model.backend.tensor(
          lists.joined().flatMap { $0 + [Int32](repeating: 0, count: positions - $0.count) },
          [model.replicas, rows, positions]),
        lengths: lists.map { $0.map { Int32($0.count) } },
        maximumTokens: maximumTokens, sampling: sampling,
        seeds: Array(seeds[replicas]), end: ByteTokenizer.endOfText)
    }
    return try Generation.results(of: runs).flatMap { $0 }
  }
}

extension Example {
  /// An example of a drawn response after its prompt. A response that was cut off has no end token
  /// to learn.
  package init(prompt: [Int32], drawn response: [Int32], maximumTokens: Int) {
    let isCut = response.count == maximumTokens
    self.init(
      tokens: prompt + response + (isCut ? [] : [ByteTokenizer.endOfText]),
      firstTarget: prompt.count)
  }
}
