import Foundation

/// A failed OpenCL call: the code it returned, and what it was asked to do.
public struct OpenCLError: Error, Equatable, Sendable {
  /// What the call returned.
  public var code: OpenCLCode

  /// The C function that failed, such as `clEnqueueNDRangeKernel`.
  public var call: String

  /// The program concerned, by the name it was made under.
  public var program: String?

  /// The kernel concerned.
  public var kernel: String?

  /// The argument that was being set, counted from 0.
  public var argument: Int?

  /// Work-items in each dimension of a launch.
  public var globalSize: [Int]?

  /// Work-items of a work-group in each dimension of a launch; nil where the driver chooses.
  public var localSize: [Int]?

  /// Bytes that were to be allocated or transferred.
  public var byteCount: Int?

  /// The device's name.
  public var device: String?

  /// What the device's compiler printed, without white space at either end.
  public var buildLog: String?

  public init(
    code: OpenCLCode, call: String, program: String? = nil, kernel: String? = nil,
    argument: Int? = nil, globalSize: [Int]? = nil, localSize: [Int]? = nil, byteCount: Int? = nil,
    device: String? = nil, buildLog: String? = nil
  ) {
    self.code = code
    self.call = call
    self.program = program
    self.kernel = kernel
    self.argument = argument
    self.globalSize = globalSize
    self.localSize = localSize
    self.byteCount = byteCount
    self.device = device
    let log = buildLog?.trimmingCharacters(in: .whitespacesAndNewlines.union(["\0"]))
    self.buildLog = log?.isEmpty == true ? nil : log
  }
}

extension OpenCLError: CustomStringConvertible {
  /// One line of prose, and below it the compiler's own lines where there are any.
  public var description: String {
    var text = "OpenCL error \(code) in \(call)"
    if let program { text += ", program \(program)" }
    if let kernel { text += ", kernel \(kernel)" }
    if let argument { text += ", argument \(argument)" }
    if let globalSize { text += ", global \(globalSize)" }
    if let localSize { text += ", local \(localSize)" }
    if let byteCount { text += ", \(byteCount) bytes" }
    if let device { text += ", device \(device)" }
    if let buildLog { text += ":\n\(buildLog)" }
    return text
  }
}

/// Throws what `failure` makes of a code that is not success.
@inline(__always)
func check(_ code: Int32, _ failure: (OpenCLCode) -> OpenCLError) throws {
  if code != 0 { throw failure(OpenCLCode(rawValue: code)) }
}

/// Throws an error that names no more than the call.
@inline(__always)
func check(_ code: Int32, _ call: StaticString) throws {
  try check(code) { OpenCLError(code: $0, call: "\(call)") }
}
