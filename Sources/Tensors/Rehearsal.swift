/// The calls of work that is yet to come, made on a backend that computes nothing: they tell which
/// kernels the device's compiler still has to compile.
///
/// The same calls on the real backend compile each kernel at its first use. A rehearsal lets that be
/// done before the work, so that a user sees what takes the time, and the work's time is its own.
public protocol Rehearsal: AnyObject {
  /// Where to make the calls. It holds no elements; downloads are zeros.
  var backend: any Backend { get }

  /// Compiles what was called for and is neither compiled nor kept from an earlier run.
  ///
  /// - Parameter report: Is told before each kernel how many are compiled, of how many, and once at the
  ///   end; where nothing is to be compiled it is never called. What it throws ends the compiling.
  /// - Throws: What the device's compiler says of a kernel that does not compile.
  func compile(_ report: (_ done: Int, _ total: Int) throws -> Void) throws
}

extension Backend {
  public func rehearsal() -> (any Rehearsal)? { nil }
  public func projection() -> any Backend { ProjectingBackend(self) }
}
