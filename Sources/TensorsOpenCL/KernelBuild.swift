import OpenCL

/// The properties of a device that decide how its kernels are compiled.
struct KernelBuild: Hashable, Sendable {
  /// Floats in one vector of a work-item.
  var lanes: Int
  /// `TEAM` of common.cl: work-items that share a row.
  var team: Int
  /// Whether `fma` of the sources rounds the product and then the sum.
  var replacesFMA: Bool
  var isIntelGPU: Bool
  /// Whether buffers may exceed the limit that the device reports.
  var hasLargeBuffers = false

  /// The width of a team on a GPU whose waves have so many work-items.
  static func team(waveWidth: Int) -> Int { waveWidth > 32 ? 64 : 32 }

  /// The compiler options of a program.
  ///
  /// Processors replace subnormal numbers by 0: a product with a subnormal factor takes them a hundred
  /// times longer, and gradients of rare tokens have many. GPUs compute with them at full speed.
  func options(_ constants: [String: Int]) -> String {
    var options = "-cl-std=CL1.2 -DLANES=\(lanes)"
    if lanes > 1 { options += " -cl-denorms-are-zero" }
    if team == 64 { options += " -DTEAM=64" }
    if replacesFMA { options += " -DWITHOUT_FMA" }
    if hasLargeBuffers { options += " \(Device.optionOfLargeBuffers)" }
    for (name, value) in constants.sorted(by: { $0.key < $1.key }) {
      options += " -D\(name)=\(value)"
    }
    return options
  }

  /// The options that ask for all registers of a work-item; nil if the program does not need them or the
  /// device has no such choice. Attention keeps more numbers per work-item than half of the registers of
  /// Intel's GPUs. Devices without that choice refuse the option.
  func optionsForAllRegisters(_ constants: [String: Int]) -> String? {
    guard isIntelGPU, constants["TILE"] != nil else { return nil }
    return options(constants) + " -cl-intel-256-GRF-per-thread"
  }

  /// The options of the first attempt to build a program.
  func preferredOptions(_ constants: [String: Int]) -> String {
    optionsForAllRegisters(constants) ?? options(constants)
  }
}
