public import Text
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A flag that requests a stop. A signal's handler may raise it, and the maker checks it between
/// steps.
public final class StopFlag: Sendable {
  /// The flag that signals raise.
  public static let process = StopFlag()

  private let raised = Atomic<Bool>(false)

  public init() {}

  public var isRaised: Bool { raised.load(ordering: .relaxed) }

  /// Requests the stop. It is safe in a signal's handler.
  public func raise() { raised.store(true, ordering: .relaxed) }

  /// Throws `Stopped` if a stop was requested.
  public func check() throws { if isRaised { throw Stopped() } }

  /// Makes SIGINT, SIGTERM, SIGHUP and SIGUSR1 raise `process`. A second signal of the same kind
  /// ends the process immediately.
  public static func catchSignals() {
    // The flag must exist before the first signal, because its creation may allocate memory.
    _ = process.isRaised
    // A parent process may have blocked the signals, and the mask is inherited.
    var mask = sigset_t()
    sigemptyset(&mask)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] { sigaddset(&mask, signal) }
    pthread_sigmask(SIG_UNBLOCK, &mask, nil)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in StopFlag.process.raise() }
      action.sa_flags =
        Int32(truncatingIfNeeded: SA_RESTART) | Int32(truncatingIfNeeded: SA_RESETHAND)
      sigaction(signal, &action, nil)
    }
  }
}

/// The work was stopped on request and everything that was committed is kept.
public struct Stopped: DescribedError, Hashable {
  public init() {}
  public var line: String {
    "stopped, and finished products are kept; run the same command again to resume"
  }
  public var exitCode: SystemExit { .stopped }
}
