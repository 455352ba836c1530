import Foundation

/// A failed OpenCL call: the returned code and the arguments of the call.
public struct OpenCLError: Error, Equatable, Sendable {
  /// The returned code.
  public var code: OpenCLCode

  /// The C function that failed, such as `clEnqueueNDRangeKernel`.
  public var call: String

  /// The name of the program of the call.
  public var program: String?

  /// The kernel of the call.
  public var kernel: String?

  /// The argument that was being set, counted from 0.
  public var argument: Int?

  /// Work-items in each dimension of a launch.
  public var globalSize: [Int]?

  /// Work-items of a work-group in each dimension of a launch; nil if the driver chooses.
  public var localSize: [Int]?

  /// Bytes that were to be allocated or transferred.
  public var byteCount: Int?

  /// The device's name.
  public var device: String?

  /// The output of the device's compiler, without white space at the start and the end.
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
  /// One line of text, and below it the lines of the compiler if there are any.
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

/// Throws the error that `failure` makes from a code that is not success.
@inline(__always)
func check(_ code: Int32, _ failure: (OpenCLCode) -> OpenCLError) throws {
  if code != 0 { throw failure(OpenCLCode(rawValue: code)) }
}

/// Throws an error that names only the call.
@inline(__always)
func check(_ code: Int32, _ call: StaticString) throws {
  try check(code) { OpenCLError(code: $0, call: "\(call)") }
}
