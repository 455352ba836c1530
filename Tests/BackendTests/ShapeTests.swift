import Conformance
import Tensors
import TestSupport
import Testing

/// Wrong shapes end the process with one sentence that names the shapes, on every backend.
///
/// Serial: every call has a process of its own, and there are more than a hundred.
@Suite(.serialized) struct ShapeTests {
  @Test(arguments: availableBackends, WrongCall.all.indices)
  func wrongCallsEndTheProcess(_ choice: BackendChoice, _ index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [name = choice.name as String, index = index as Int] in
      let choice = try #require(availableBackends.first { $0.name == name })
      try WrongCall.all[index].call(choice.makeBackend())
    }
    expectSentence(WrongCall.all[index].sentence, in: result)
  }

  /// Every operation has a wrong call.
  @Test func everyOperationIsCalledWrongly() {
    let called = Set(WrongCall.all.map { $0.sentence.prefix { $0 != ":" } })
    for operation in OperationDescription.all where operation.name != "fill" {
      #expect(called.contains(operation.name[...]) || operation.name == "orthogonalize")
    }
  }

  @Test func tensorBeyondItsStorage() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let backend = try BackendChoice.cpu.makeBackend()
      let storage = try backend.makeStorage(byteCount: 40)
      _ = Tensor(
        shape: [2, 5], elementType: .float32, storage: storage, offset: 1, backend: backend)
    }
    expectSentence(
      "tensor: shape [2, 5] at offset 1, replica stride 5 leaves its storage of 40 bytes",
      in: result)
  }

  /// Records an issue unless what a process wrote to standard error holds a sentence.
  private func expectSentence(_ sentence: String, in result: ExitTest.Result?) {
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    if !text.contains(sentence) { Issue.record("'\(sentence)' is not in '\(text)'") }
  }
}
