/// A rehearsal of work: its calls are made on a backend that computes nothing, and the rehearsal
/// lists the kernels that must still be compiled.
///
/// The same calls on the real backend compile each kernel at its first use. With a rehearsal the
/// kernels are compiled before the work. So a user sees the time of the compilation, and it is not
/// part of the time of the work.
public protocol Rehearsal: AnyObject {
  /// The backend for the calls. It stores no elements; downloads are zeros.
  var backend: any Backend { get }

  /// Compiles the kernels of the calls that are neither compiled nor cached from an earlier run.
  ///
  /// - Parameter report: Called before each kernel with the number of compiled kernels and the
  ///   total, and once at the end. It is not called if there is nothing to compile. An error that
  ///   it throws ends the compilation.
  /// - Throws: The error of the device's compiler for a kernel that does not compile, and what
  ///   `report` throws.
  func compile(_ report: (_ done: Int, _ total: Int) throws -> Void) throws
}

extension Backend {
  public func rehearsal() -> (any Rehearsal)? { nil }
  public func projection() -> any Backend { ProjectingBackend(self) }
}
