package import Foundation
package import Studies

extension Cohort {
  /// Trains from the cohort's present step to the end of the schedule. It waits at intervals to
  /// report, and saves a checkpoint every half minute and when it is stopped.
  ///
  /// - Parameters:
  ///   - source: The source of the batches.
  ///   - stages: The stages of the replicas, in their order.
  ///   - isDone: Called before every step; true ends the training.
  ///   - report: The number of steps done, of positions trained on since the call, and the mean
  ///     loss of the replicas in nats per token; nil if the source has metrics instead.
  ///   - lastStep: The last step of a replica that was stopped; nil for one that was not.
  ///   - after: Runs after every step, with the number of steps done.
  ///   - save: Adds the data that `after` has collected to a replica's checkpoint.
  package func train<Kind: Stage>(
    on source: any BatchSource, of stages: [Kind], _ commit: Commit<Kind>,
    isDone: () -> Bool = { false }, lastStep: (_ replica: Int) -> Int? = { _ in nil },
    report: (_ done: Int, _ positions: Int, _ loss: Double?) -> Void,
    after: (_ done: Int) throws -> Void = { _ in },
    save: (_ replica: Int, _ folder: URL) throws -> Void = { _, _ in }
  ) throws {
    let begin = stepsIssued
    var pace = WaitingPace()
    var clock = CheckpointClock()
    var positions = 0
    while stepsIssued < steps && !isDone() {
      let isWhole = stepsIssued % source.period == 0
      if isWhole && stepsIssued > begin && (clock.isDue || commit.stop.isRaised) {
        try clock.measure {
          try CohortCheckpoint.save(self, stages, commit) { replica, folder in
            try source.write(replica, until: lastStep(replica), to: folder)
            try save(replica, folder)
          }
        }
      }
      if isWhole { try commit.stop.check() }
      let index = stepsIssued
      let batches = try source.batches(index)
      try step(batches)
      positions += batches.reduce(0) { $0 + $1.rowCounts.reduce(0) { $0 + Int($1) } }
      let done = index + 1
      if pace.waits(after: done) || done == steps {
        let now = try losses(of: index..<done).compactMap(\.first)
        report(
          done, positions,
          source.metrics.isEmpty
            ? now.reduce(0) { $0 + Double($1) } / Double(now.count) : nil)
      }
      try after(done)
    }
  }
}
