import Conformance
import Gradients
import TestSupport
import Tensors
import Testing
import Transformers

/// The gradient of a whole model's loss against central differences in double precision.
@Suite(.serialized)
struct TransformerGradientTests {
  /// Allowed of an element, or of a thousandth of the largest one.
  ///
  /// Forward and backward an element passes some 30 operations of up to 28 terms. With independent
  /// roundings that is √(30 · 28) · 2⁻²⁴ = 2e-6 of Σ|terms|; elements that cancel a hundredfold stay
  /// below 3e-4, and what is smaller than a thousandth of the largest is held to 3e-7 of that.
  static let relativeError = 3e-4

  /// A full row, a row of one position, one between, and an empty one; targets do not begin at 1.
  private struct Batch {
    let batch = TestBatch(
      replicas: 2, lengths: [8, 2, 5, 0], positions: 7, vocabulary: 23, seed: 31)
    let firstTargets = [3, 1, 2, 0]

    /// Targets of a replica.
    var targetCount: Int {
      zip(batch.sequences[0], firstTargets).reduce(0) { $0 + $1.0.count - $1.1 }
    }

    /// The mean negative log-likelihood of a replica's targets.
    func loss(_ plain: PlainTransformer, _ replica: Int) -> Double {
      var (sum, count) = (0.0, 0)
      for (tokens, first) in zip(batch.sequences[replica], firstTargets) where !tokens.isEmpty {
        let values = plain.logProbabilities(tokens, from: first)
        sum -= values.reduce(0, +)
        count += values.count
      }
      return sum / Double(count)
    }
  }

  @Test(arguments: availableBackends, [TestModel.odd, TestModel.untied])
  func lossAndGradientOfAWholeModel(
    _ choice: BackendChoice, _ configuration: ModelConfiguration
  ) throws {
    let backend = try choice.makeBackend()
    let data = Batch()
    let batch = data.batch
    let model = TestModel(configuration, replicas: 2, seed: 41)
    let layout = ParameterLayout(model.configuration)
    let gradients = try backend.empty([2, layout.count])
    let transformer = try Transformer(
      model.configuration,
      parameters: backend.tensor(model.values.flatMap { $0 }, [2, layout.count]),
      gradients: gradients, maximumPositions: 7)

    // The last token of a row is predicted and predicts nothing.
    var inputs = batch
    inputs.sequences = batch.sequences.map { $0.map { Array($0.dropLast()) } }
    var (rows, targets) = ([Int32](), [Int32]())
    var places = [Int32](repeating: -1, count: 2 * 28)
    let count = data.targetCount
    for replica in 0..<2 {
      for (row, tokens) in batch.sequences[replica].enumerated() where !tokens.isEmpty {
        for position in data.firstTargets[row]..<tokens.count {
          places[replica * 28 + row * 7 + position - 1] = Int32(rows.count - replica * count)
          rows.append(Int32(row * 7 + position - 1))
          targets.append(tokens[position])
        }
      }
    }
    let tape = Tape(on: backend)
    let values = try transformer.logProbabilities(
      tape, tokens: inputs.tokens(on: backend), lengths: inputs.lengths(on: backend),
      rows: backend.tensor(rows, [2, count]),
      places: backend.tensor(places, [2, 28]),
      targets: backend.tensor(targets, [2, count]))
    let weights = [Float](repeating: -1 / Float(count), count: 2 * count)
    let loss = try tape.weightedSum(values, weights: backend.tensor(weights, [2, count]))
    try tape.backward(from: loss)

    let losses = try loss.value.floats()
    for replica in 0..<2 {
      let expected = data.loss(model.plain(replica), replica)
      #expect(abs(Double(losses[replica]) - expected) < TestModel.logitError)
    }
    let all = try gradients.floats()
    #expect(all.allSatisfy { $0.isFinite })
    for replica in 0..<2 {
      try check(
        Array(all[replica * layout.count..<(replica + 1) * layout.count]), of: layout,
        seed: 51 + replica
      ) { index, value in
        var plain = model.plain(replica)
        plain.parameters[index] = value
        return data.loss(plain, replica)
      } at: {
        Double(model.values[replica][$0])
      }
    }
  }

  /// Two parameters of every entry, drawn, and the entry's largest gradient: 60 in all.
  private func check(
    _ gradient: [Float], of layout: ParameterLayout, seed: Int,
    loss: (Int, Double) -> Double, at point: (Int) -> Double
  ) throws {
    var numbers = TestNumbers(seed: seed)
    let largest = gradient.reduce(0) { max($0, abs(Double($1))) }
    for entry in layout.entries {
      let range = entry.offset..<entry.offset + entry.count
      let steepest = try #require(range.max { abs(gradient[$0]) < abs(gradient[$1]) })
      let drawn = numbers.integers(2, in: range).map { Int($0) }
      #expect(gradient[steepest] != 0, "\(entry.name)")
      for index in drawn + [steepest] {
        let (x, h) = (point(index), 1e-3)
        let difference =
          (loss(index, x - 2 * h) - 8 * loss(index, x - h) + 8 * loss(index, x + h)
            - loss(index, x + 2 * h)) / (12 * h)
        let allowed = Self.relativeError * max(abs(difference), largest / 1000)
        #expect(
          abs(difference - Double(gradient[index])) <= allowed,
          "\(entry.name) element \(index - entry.offset): \(gradient[index]), not \(difference)")
      }
    }
  }
}
