import Conformance
import Foundation
import Gradients
import TestSupport
import Tensors
import Testing
import Transformers

/// A model folder of ours in Hugging Face's `transformers`.
@Suite struct TransformersInteropTests {
  /// Float32 logits of every position of every text, one after another.
  private static let program = """
    import json, struct, sys
    import torch, transformers
    torch.set_num_threads(1)
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        sys.argv[1], output_loading_info=True, dtype=torch.float32)
    assert not any(info[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
    assert type(model).__name__ == "LlamaForCausalLM", type(model)
    with open(sys.argv[3], "wb") as file, torch.no_grad():
        for tokens in json.loads(sys.argv[2]):
            logits = model(torch.tensor([tokens])).logits[0]
            logp = torch.log_softmax(logits[:-1], -1)
            total = logp.gather(1, torch.tensor(tokens[1:])[:, None]).sum() if len(tokens) > 1 else 0
            values = [float(total)] + logits.flatten().tolist()
            file.write(struct.pack("<%df" % len(values), *values))
    model.save_pretrained(sys.argv[1] + "-saved")
    transformers.AutoTokenizer.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[1] + "-saved")
    """

  /// Other constants than the defaults, so that it shows whether the folder carries them.
  private static let configuration = ModelConfiguration(
    channels: 48, layers: 3, heads: 3, feedForwardWidth: 80, ropeBase: 5000, normEpsilon: 1e-4)

  @Test(.comparesWith("torch", "transformers"), arguments: [true, false])
  func logitsAndLogProbabilitiesAgree(_ tied: Bool) throws {
    var configuration = Self.configuration
    configuration.tiesEmbeddings = tied
    let model = TestModel(configuration, replicas: 1, seed: 71)
    let batch = TestBatch(
      replicas: 1, lengths: [60, 1, 17, 33], positions: 60, vocabulary: 272, seed: 72)
    let folder = try ScratchFolder()
    try ModelFolder.write(
      model.values[0], configuration, maximumPositions: 64,
      to: folder.url.appending(path: "model"), metadata: ["purpose": "test"],
      modelCard: ModelCard(title: "A model of a test", license: "apache-2.0", body: "Random."))
    let output = folder.url.appending(path: "logits")
    let texts = String(
      decoding: try JSONEncoder().encode(batch.sequences[0]), as: UTF8.self)
    try PythonInterpreter.run(
      Self.program, folder.url.appending(path: "model").path, texts, output.path)
    let theirs = try Data(contentsOf: output).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }

    for name in ["model", "model-saved"] {
      let read = try ModelFolder.read(folder.url.appending(path: name))
      #expect(read.configuration == configuration)
      #expect(read.parameters == model.values[0])
    }
    let backend = try BackendChoice.cpu.makeBackend()
    let ours = try model.transformer(maximumPositions: 60, on: backend).logits(
      Tape(on: backend, records: false), tokens: batch.tokens(on: backend),
      lengths: batch.lengths(on: backend)
    ).value.floats()

    let vocabulary = 272
    var at = 0
    var (logitDifference, sumDifference) = (0.0, 0.0)
    for (row, tokens) in batch.sequences[0].enumerated() {
      let start = row * 60 * vocabulary
      let rows = (0..<tokens.count).map { position in
        Array(ours[start + position * vocabulary..<start + (position + 1) * vocabulary])
      }
      let sum = (1..<tokens.count).reduce(0.0) {
        $0 + Self.logProbability(of: tokens[$1], rows[$1 - 1])
      }
      let count = tokens.count * vocabulary
      try #require(theirs.count >= at + 1 + count)
      sumDifference = max(sumDifference, abs(sum - Double(theirs[at])))
      for (our, their) in zip(rows.joined(), theirs[(at + 1)...]) {
        logitDifference = max(logitDifference, abs(Double(our) - Double(their)))
      }
      at += 1 + count
    }
    #expect(at == theirs.count)
    #expect(logitDifference <= 1e-4)
    #expect(sumDifference <= 1e-3)
  }

  private static func logProbability(of token: Int32, _ logits: [Float]) -> Double {
    Oracle.tokenLogProbabilities(
      logits.doubles, targets: [token], vocabulary: logits.count
    ).logProbabilities.values[0]
  }
}
