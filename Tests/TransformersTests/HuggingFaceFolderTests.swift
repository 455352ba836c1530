import Foundation
import TestSupport
import Testing
import Transformers

/// A small model, and ways to damage its folder.
enum SampleModel {
  static let configuration = LlamaConfiguration(
    vocabularySize: 272, hiddenSize: 8, intermediateSize: 12, layers: 2, heads: 2,
    maximumPositions: 64)

  static func tensors(_ configuration: LlamaConfiguration = configuration) -> [NamedTensor] {
    var generator = SplitMix64(state: 8)
    return configuration.expectedTensors.map { name, shape in
      NamedTensor(
        name: name, shape: shape,
        values: (0..<shape.reduce(1, *)).map { _ in Float.random(in: -0.5...0.5, using: &generator)
        })
    }
  }

  static let card = ModelCard(
    title: "A sample", warning: "Made for a test.\nDo not use.", license: "apache-2.0",
    tags: ["research", "colon: quote\""], body: "Nothing to see.")

  static func write(
    to folder: URL, _ configuration: LlamaConfiguration = configuration
  ) throws {
    try HuggingFaceFolder.write(
      to: folder, configuration: configuration, tensors: tensors(configuration),
      metadata: ["seed": "8"], modelCard: card.text)
  }
}

@Suite struct HuggingFaceFolderTests {
  @Test(arguments: [true, false])
  func readsWhatItWrote(_ tied: Bool) throws {
    var configuration = SampleModel.configuration
    configuration.tied = tied
    configuration.ropeTheta = 500_000.5
    let folder = try ScratchFolder()
    let model = folder.url.appending(path: "a model")
    try SampleModel.write(to: model, configuration)
    let contents = try HuggingFaceFolder.read(model)
    #expect(contents.configuration == configuration)
    #expect(contents.tensors == SampleModel.tensors(configuration))
    #expect(contents.metadata == ["seed": "8", "format": "pt"])
    #expect(contents.tokenizer == ByteTokenizer(vocabularySize: 272))
    #expect(contents.tensors.contains { $0.name == "lm_head.weight" } == !tied)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: model.path).sorted() == [
        "README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
      ])
  }

  @Test func writesTheSameBytesAgain() throws {
    let (first, second) = (try ScratchFolder(), try ScratchFolder())
    try SampleModel.write(to: first.url)
    try SampleModel.write(to: second.url)
    for name in try FileManager.default.contentsOfDirectory(atPath: first.url.path) {
      #expect(
        try Data(contentsOf: first.url.appending(path: name))
          == Data(contentsOf: second.url.appending(path: name)))
    }
  }

  @Test func theConfigurationFile() {
    #expect(
      SampleModel.configuration.configurationJSON == """
        {
          "architectures": [
            "LlamaForCausalLM"
          ],
          "attention_bias": false,
          "attention_dropout": 0.0,
          "bos_token_id": 256,
          "eos_token_id": 257,
          "head_dim": 4,
          "hidden_act": "silu",
          "hidden_size": 8,
          "intermediate_size": 12,
          "max_position_embeddings": 64,
          "mlp_bias": false,
          "model_type": "llama",
          "num_attention_heads": 2,
          "num_hidden_layers": 2,
          "num_key_value_heads": 2,
          "pad_token_id": 258,
          "rms_norm_eps": 1e-05,
          "rope_theta": 10000.0,
          "tie_word_embeddings": true,
          "torch_dtype": "float32",
          "use_cache": true,
          "vocab_size": 272
        }

        """)
  }

  @Test func theModelCard() {
    #expect(
      SampleModel.card.text == """
        ---
        library_name: transformers
        license: "apache-2.0"
        pipeline_tag: text-generation
        tags:
        - "llama"
        - "research"
        - "colon: quote\\""
        ---

        # A sample

        > Made for a test.
        > Do not use.

        Nothing to see.

        ## Tokens

        A token is a byte of UTF-8 and its id is the byte's value. `<bos>` is 256 and begins every
        document, `<eos>` is 257 and `<pad>` 258; higher ids are unused. Text never becomes a special
        token: `tokenizer_config.json` sets `split_special_tokens`.

        """)
  }

  @Test func refusesToWriteWhatCannotBeRead() throws {
    let folder = try ScratchFolder()
    var tensors = SampleModel.tensors()
    tensors[1].values[7] = .nan
    let error = #expect(throws: CheckpointError.self) {
      try HuggingFaceFolder.write(
        to: folder.url, configuration: SampleModel.configuration, tensors: tensors, modelCard: "")
    }
    #expect(
      error?.line == "model.safetensors: tensor \"model.layers.0.input_layernorm.weight\": "
        + "element 7 is not a finite number")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  /// The layout of Hugging Face's cache: a snapshot of links into a folder of blobs.
  @Test func followsSymbolicLinks() throws {
    let folder = try ScratchFolder()
    let (blobs, snapshot) = (
      folder.url.appending(path: "blobs"), folder.url.appending(path: "snapshots/1")
    )
    try SampleModel.write(to: blobs)
    try FileManager.default.createDirectory(at: snapshot, withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: blobs.path) {
      try FileManager.default.createSymbolicLink(
        atPath: snapshot.appending(path: name).path, withDestinationPath: "../../blobs/\(name)")
    }
    #expect(try HuggingFaceFolder.read(snapshot).tensors == SampleModel.tensors())
  }

  // MARK: The reference

  /// Version 5 of `transformers` writes other keys than version 4 reads; both must be readable.
  @Test(.comparesWith("transformers", "torch"))
  func transformersLoadsAndSavesIt() throws {
    let folder = try ScratchFolder()
    var untied = SampleModel.configuration
    untied.tied = false
    let models = [("tied", SampleModel.configuration), ("untied", untied)]
    for (name, configuration) in models {
      try SampleModel.write(to: folder.url.appending(path: name), configuration)
    }
    try PythonInterpreter.run(
      """
      import sys, torch, transformers
      for name in ["tied", "untied"]:
          path = sys.argv[1] + "/" + name
          model, info = transformers.AutoModelForCausalLM.from_pretrained(
              path, output_loading_info=True)
          assert not any(info.values()), info
          assert type(model).__name__ == "LlamaForCausalLM" and model.dtype == torch.float32
          assert model.generation_config.eos_token_id == 257
          tokenizer = transformers.AutoTokenizer.from_pretrained(path)
          ids = tokenizer("a<eos>", return_tensors="pt").input_ids
          assert ids.tolist() == [[256] + list(b"a<eos>")], ids
          logits = model(ids).logits
          assert logits.shape == (1, 7, 272) and logits.isfinite().all()
          model.save_pretrained(path + "-saved")
          tokenizer.save_pretrained(path + "-saved")
      """, folder.url.path)
    for (name, configuration) in models {
      let contents = try HuggingFaceFolder.read(folder.url.appending(path: "\(name)-saved"))
      #expect(contents.configuration == configuration)
      #expect(contents.tensors == SampleModel.tensors(configuration))
    }
  }
}
