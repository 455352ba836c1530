import COpenCL

/// A device of an OpenCL platform, with its properties for the choice of kernels and devices.
///
/// The handle in this value is valid for the life of the process and owns nothing, and OpenCL's
/// queries are thread-safe (OpenCL 1.2, appendix A.2). So the type is `@unchecked Sendable`.
public struct Device: @unchecked Sendable {
  /// The kind of a device.
  public enum Kind: String, Sendable {
    case cpu, gpu, accelerator, other
  }

  /// The index of the platform, and the index of the device in the platform, as in `clinfo -l`.
  public let platformIndex: Int
  public let index: Int

  public let name: String
  public internal(set) var vendor: String
  public internal(set) var version: String
  public let driverVersion: String

  /// The version of the platform. On some platforms it names the compiler.
  public let platformVersion: String

  public internal(set) var kind: Kind
  /// Compute units as the driver counts them. Intel's GPU driver counts vector engines; see ``cores``.
  public internal(set) var computeUnits: Int
  public let clockMegahertz: Int

  /// Bytes of the cache that all compute units share; 0 if the driver does not report it.
  public let globalCache: Int
  /// Bytes of global memory, bytes of the largest buffer that is guaranteed to be possible, and
  /// bytes of local memory of a work-group.
  public internal(set) var globalMemory: Int
  public internal(set) var maximumAllocation: Int
  public internal(set) var localMemory: Int

  public internal(set) var maximumWorkGroupSize: Int

  /// Work-items that run in step on a GPU: NVIDIA's warp, AMD's wavefront. 32 if the driver does not
  /// report it.
  public internal(set) var waveWidth: Int

  /// Whether the driver reports `fma` in hardware (CL_FP_FMA). Without it OpenCL computes `fma` in
  /// software, ten times as slow and more.
  public internal(set) var hasFastFMA: Bool

  /// The properties that replace the driver's.
  var pretended: PretendedProperties?

  /// The `float` elements of a vector that the device prefers; 1 on most GPUs.
  public internal(set) var preferredVectorWidth: Int

  public let extensions: Set<String>

  /// The major number of NVIDIA's compute capability; nil on devices of other vendors.
  public let computeCapability: Int?

  let handle: OpaquePointer
  let platformHandle: OpaquePointer

  /// How the command line names this device: `opencl:P:D`.
  public var selector: String { "opencl:\(platformIndex):\(index)" }

  /// Whether the device has an extension, such as `cl_khr_fp16`.
  public func supports(_ extensionName: String) -> Bool {
    extensions.contains(extensionName)
  }

  public var isIntelGPU: Bool { kind == .gpu && vendor.contains("Intel") }

  /// Bytes of the largest buffer that this device makes.
  ///
  /// Intel's driver for its GPUs (NEO) reports at most 4 GiB, because that is what the addresses of its
  /// default code reach. It makes larger buffers if it is asked for them and if kernels are compiled for
  /// them (intel/compute-runtime, issue 627).
  public var largestBuffer: Int {
    isIntelGPU && version.contains("NEO")
      ? max(maximumAllocation, globalMemory) : maximumAllocation
  }

  /// Whether a buffer must be asked for in a special way, and kernels that use it compiled for it.
  public func isBeyondDefault(byteCount: Int) -> Bool {
    byteCount > maximumAllocation && byteCount <= largestBuffer
  }

  /// The compiler's option for kernels that use a buffer that is beyond the default.
  public static let optionOfLargeBuffers = "-cl-intel-greater-than-4GB-buffer-required"

  /// Units that run work-groups independently. Intel's GPUs report vector engines, 16 of which are a
  /// core (Xe-HPG); devices with 8 a core are then taken for half as large.
  public var cores: Int { isIntelGPU ? max(1, computeUnits / 16) : computeUnits }

  /// Equal sub-devices with the given number of this device's compute units each; empty if the
  /// driver cannot make them.
  ///
  /// They exist for the life of the process, as devices do.
  public func parts(of computeUnits: Int) -> [Device] {
    var properties: [cl_device_partition_property] = [
      cl_device_partition_property(CL_DEVICE_PARTITION_EQUALLY), computeUnits, 0,
    ]
    var count: cl_uint = 0
    guard clCreateSubDevices(handle, &properties, 0, nil, &count) == CL_SUCCESS else { return [] }
    var handles = [cl_device_id?](repeating: nil, count: Int(count))
    guard clCreateSubDevices(handle, &properties, count, &handles, nil) == CL_SUCCESS else {
      return []
    }
    return handles.compactMap { part in
      guard let part,
        let device = try? Device(
          handle: part, platformHandle: platformHandle, platformIndex: platformIndex,
          platformVersion: platformVersion, index: index)
      else { return nil }
      return pretended.map { device.pretending($0) } ?? device
    }
  }

  /// A description of a device. Contexts can be made only on devices from `Platform.all()`.
  package init(
    platformIndex: Int, index: Int, name: String, kind: Kind, handle: OpaquePointer,
    platformHandle: OpaquePointer
  ) {
    self.platformIndex = platformIndex
    self.index = index
    self.name = name
    self.kind = kind
    self.handle = handle
    self.platformHandle = platformHandle
    vendor = ""
    version = ""
    driverVersion = ""
    platformVersion = ""
    computeUnits = 1
    clockMegahertz = 0
    globalMemory = 0
    globalCache = 0
    maximumAllocation = 0
    localMemory = 0
    maximumWorkGroupSize = 1
    waveWidth = 32
    hasFastFMA = true
    preferredVectorWidth = 1
    extensions = []
    computeCapability = nil
  }

  init(
    handle: cl_device_id, platformHandle: cl_platform_id, platformIndex: Int,
    platformVersion: String, index: Int
  ) throws {
    func query(_ parameter: Int32) -> InfoQuery {
      { clGetDeviceInfo(handle, cl_device_info(parameter), $0, $1, $2) }
    }
    func text(_ parameter: Int32) throws -> String {
      try infoString("clGetDeviceInfo", query(parameter))
    }
    func narrow(_ parameter: Int32) throws -> Int {
      let value: cl_uint = try infoValue("clGetDeviceInfo", query(parameter))
      return Int(value)
    }
    func wide(_ parameter: Int32) throws -> Int {
      let value: cl_ulong = try infoValue("clGetDeviceInfo", query(parameter))
      return Int(clamping: value)
    }
    self.handle = handle
    self.platformHandle = platformHandle
    self.platformIndex = platformIndex
    self.platformVersion = platformVersion
    self.index = index
    name = try text(CL_DEVICE_NAME)
    vendor = try text(CL_DEVICE_VENDOR)
    version = try text(CL_DEVICE_VERSION)
    driverVersion = try text(CL_DRIVER_VERSION)
    let type: cl_device_type = try infoValue("clGetDeviceInfo", query(CL_DEVICE_TYPE))
    kind = Kind(type)
    computeUnits = try narrow(CL_DEVICE_MAX_COMPUTE_UNITS)
    clockMegahertz = try narrow(CL_DEVICE_MAX_CLOCK_FREQUENCY)
    globalMemory = try wide(CL_DEVICE_GLOBAL_MEM_SIZE)
    globalCache = try wide(CL_DEVICE_GLOBAL_MEM_CACHE_SIZE)
    maximumAllocation = try wide(CL_DEVICE_MAX_MEM_ALLOC_SIZE)
    localMemory = try wide(CL_DEVICE_LOCAL_MEM_SIZE)
    maximumWorkGroupSize = try infoValue(
      "clGetDeviceInfo", query(CL_DEVICE_MAX_WORK_GROUP_SIZE))
    preferredVectorWidth = try narrow(CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT)
    extensions = Set(try text(CL_DEVICE_EXTENSIONS).split(separator: " ").map(String.init))
    // CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV of cl_ext.h.
    let capabilities: cl_device_fp_config = try infoValue(
      "clGetDeviceInfo", query(CL_DEVICE_SINGLE_FP_CONFIG))
    hasFastFMA = capabilities & cl_device_fp_config(CL_FP_FMA) != 0
    // CL_DEVICE_WARP_SIZE_NV and CL_DEVICE_WAVEFRONT_WIDTH_AMD of cl_ext.h.
    let width: Int? =
      extensions.contains("cl_nv_device_attribute_query")
      ? try? narrow(0x4003)
      : extensions.contains("cl_amd_device_attribute_query") ? try? narrow(0x4043) : nil
    waveWidth = width.flatMap { $0 > 0 ? $0 : nil } ?? 32
    computeCapability =
      extensions.contains("cl_nv_device_attribute_query") ? try? narrow(0x4000) : nil
  }
}

extension Device.Kind {
  fileprivate init(_ type: cl_device_type) {
    // The type is a bit field: the default device has another bit in addition to its kind.
    if type & cl_device_type(CL_DEVICE_TYPE_GPU) != 0 {
      self = .gpu
    } else if type & cl_device_type(CL_DEVICE_TYPE_CPU) != 0 {
      self = .cpu
    } else if type & cl_device_type(CL_DEVICE_TYPE_ACCELERATOR) != 0 {
      self = .accelerator
    } else {
      self = .other
    }
  }
}
