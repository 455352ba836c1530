import Tensors
package import Transformers

extension Generation {
  /// Samples at temperature 1 of replicas of several cohorts in their order, each with its own prompts,
  /// as many for each; runs overlap.
  package static func responses(
    to prompts: [[[Int32]]], models: [Transformer], maximumTokens: Int, seeds: [UInt64]
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
        lengths: model.backend.tensor(
          lists.joined().map { Int32($0.count) }, [model.replicas, rows]),
        maximumTokens: maximumTokens, sampling: Sampling(temperature: 1),
        seeds: Array(seeds[replicas]), end: ByteTokenizer.endOfText)
    }
    return try Generation.results(of: runs).flatMap { $0 }
  }
}

extension Example {
  /// A drawn response after its prompt; one that was cut off has no end to learn.
  package init(prompt: [Int32], drawn response: [Int32], maximumTokens: Int) {
    let isCut = response.count == maximumTokens
    self.init(
      tokens: prompt + response + (isCut ? [] : [ByteTokenizer.endOfText]),
      firstTarget: prompt.count)
  }
}
