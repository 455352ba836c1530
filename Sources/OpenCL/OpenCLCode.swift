/// A result code of an OpenCL call, such as -54, `CL_INVALID_WORK_GROUP_SIZE`.
///
/// The constants are the codes of OpenCL 1.2 (`CL/cl.h`) and the one of the installable-client-driver
/// loader (`cl_khr_icd`). Drivers return others too: those have no ``name``.
public struct OpenCLCode: RawRepresentable, Hashable, Sendable {
  public let rawValue: Int32

  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The name in the C headers, or nil for a code that OpenCL 1.2 does not define.
  public var name: String? { Self.names[self] }

  public static let success = OpenCLCode(rawValue: 0)
  public static let deviceNotFound = OpenCLCode(rawValue: -1)
  public static let deviceNotAvailable = OpenCLCode(rawValue: -2)
  public static let compilerNotAvailable = OpenCLCode(rawValue: -3)
  public static let memObjectAllocationFailure = OpenCLCode(rawValue: -4)
  public static let outOfResources = OpenCLCode(rawValue: -5)
  public static let outOfHostMemory = OpenCLCode(rawValue: -6)
  public static let profilingInfoNotAvailable = OpenCLCode(rawValue: -7)
  public static let memCopyOverlap = OpenCLCode(rawValue: -8)
  public static let imageFormatMismatch = OpenCLCode(rawValue: -9)
  public static let imageFormatNotSupported = OpenCLCode(rawValue: -10)
  public static let buildProgramFailure = OpenCLCode(rawValue: -11)
  public static let mapFailure = OpenCLCode(rawValue: -12)
  public static let misalignedSubBufferOffset = OpenCLCode(rawValue: -13)
  public static let execStatusErrorForEventsInWaitList = OpenCLCode(rawValue: -14)
  public static let compileProgramFailure = OpenCLCode(rawValue: -15)
  public static let linkerNotAvailable = OpenCLCode(rawValue: -16)
  public static let linkProgramFailure = OpenCLCode(rawValue: -17)
  public static let devicePartitionFailed = OpenCLCode(rawValue: -18)
  public static let kernelArgInfoNotAvailable = OpenCLCode(rawValue: -19)
  public static let invalidValue = OpenCLCode(rawValue: -30)
  public static let invalidDeviceType = OpenCLCode(rawValue: -31)
  public static let invalidPlatform = OpenCLCode(rawValue: -32)
  public static let invalidDevice = OpenCLCode(rawValue: -33)
  public static let invalidContext = OpenCLCode(rawValue: -34)
  public static let invalidQueueProperties = OpenCLCode(rawValue: -35)
  public static let invalidCommandQueue = OpenCLCode(rawValue: -36)
  public static let invalidHostPtr = OpenCLCode(rawValue: -37)
  public static let invalidMemObject = OpenCLCode(rawValue: -38)
  public static let invalidImageFormatDescriptor = OpenCLCode(rawValue: -39)
  public static let invalidImageSize = OpenCLCode(rawValue: -40)
  public static let invalidSampler = OpenCLCode(rawValue: -41)
  public static let invalidBinary = OpenCLCode(rawValue: -42)
  public static let invalidBuildOptions = OpenCLCode(rawValue: -43)
  public static let invalidProgram = OpenCLCode(rawValue: -44)
  public static let invalidProgramExecutable = OpenCLCode(rawValue: -45)
  public static let invalidKernelName = OpenCLCode(rawValue: -46)
  public static let invalidKernelDefinition = OpenCLCode(rawValue: -47)
  public static let invalidKernel = OpenCLCode(rawValue: -48)
  public static let invalidArgIndex = OpenCLCode(rawValue: -49)
  public static let invalidArgValue = OpenCLCode(rawValue: -50)
  public static let invalidArgSize = OpenCLCode(rawValue: -51)
  public static let invalidKernelArgs = OpenCLCode(rawValue: -52)
  public static let invalidWorkDimension = OpenCLCode(rawValue: -53)
  public static let invalidWorkGroupSize = OpenCLCode(rawValue: -54)
  public static let invalidWorkItemSize = OpenCLCode(rawValue: -55)
  public static let invalidGlobalOffset = OpenCLCode(rawValue: -56)
  public static let invalidEventWaitList = OpenCLCode(rawValue: -57)
  public static let invalidEvent = OpenCLCode(rawValue: -58)
  public static let invalidOperation = OpenCLCode(rawValue: -59)
  public static let invalidGLObject = OpenCLCode(rawValue: -60)
  public static let invalidBufferSize = OpenCLCode(rawValue: -61)
  public static let invalidMipLevel = OpenCLCode(rawValue: -62)
  public static let invalidGlobalWorkSize = OpenCLCode(rawValue: -63)
  public static let invalidProperty = OpenCLCode(rawValue: -64)
  public static let invalidImageDescriptor = OpenCLCode(rawValue: -65)
  public static let invalidCompilerOptions = OpenCLCode(rawValue: -66)
  public static let invalidLinkerOptions = OpenCLCode(rawValue: -67)
  public static let invalidDevicePartitionCount = OpenCLCode(rawValue: -68)
  public static let platformNotFound = OpenCLCode(rawValue: -1001)

  /// Every code known by name.
  public static var known: [OpenCLCode] { names.keys.sorted { $0.rawValue > $1.rawValue } }

  private static let names: [OpenCLCode: String] = [
    .success: "CL_SUCCESS",
    .deviceNotFound: "CL_DEVICE_NOT_FOUND",
    .deviceNotAvailable: "CL_DEVICE_NOT_AVAILABLE",
    .compilerNotAvailable: "CL_COMPILER_NOT_AVAILABLE",
    .memObjectAllocationFailure: "CL_MEM_OBJECT_ALLOCATION_FAILURE",
    .outOfResources: "CL_OUT_OF_RESOURCES",
    .outOfHostMemory: "CL_OUT_OF_HOST_MEMORY",
    .profilingInfoNotAvailable: "CL_PROFILING_INFO_NOT_AVAILABLE",
    .memCopyOverlap: "CL_MEM_COPY_OVERLAP",
    .imageFormatMismatch: "CL_IMAGE_FORMAT_MISMATCH",
    .imageFormatNotSupported: "CL_IMAGE_FORMAT_NOT_SUPPORTED",
    .buildProgramFailure: "CL_BUILD_PROGRAM_FAILURE",
    .mapFailure: "CL_MAP_FAILURE",
    .misalignedSubBufferOffset: "CL_MISALIGNED_SUB_BUFFER_OFFSET",
    .execStatusErrorForEventsInWaitList: "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
    .compileProgramFailure: "CL_COMPILE_PROGRAM_FAILURE",
    .linkerNotAvailable: "CL_LINKER_NOT_AVAILABLE",
    .linkProgramFailure: "CL_LINK_PROGRAM_FAILURE",
    .devicePartitionFailed: "CL_DEVICE_PARTITION_FAILED",
    .kernelArgInfoNotAvailable: "CL_KERNEL_ARG_INFO_NOT_AVAILABLE",
    .invalidValue: "CL_INVALID_VALUE",
    .invalidDeviceType: "CL_INVALID_DEVICE_TYPE",
    .invalidPlatform: "CL_INVALID_PLATFORM",
    .invalidDevice: "CL_INVALID_DEVICE",
    .invalidContext: "CL_INVALID_CONTEXT",
    .invalidQueueProperties: "CL_INVALID_QUEUE_PROPERTIES",
    .invalidCommandQueue: "CL_INVALID_COMMAND_QUEUE",
    .invalidHostPtr: "CL_INVALID_HOST_PTR",
    .invalidMemObject: "CL_INVALID_MEM_OBJECT",
    .invalidImageFormatDescriptor: "CL_INVALID_IMAGE_FORMAT_DESCRIPTOR",
    .invalidImageSize: "CL_INVALID_IMAGE_SIZE",
    .invalidSampler: "CL_INVALID_SAMPLER",
    .invalidBinary: "CL_INVALID_BINARY",
    .invalidBuildOptions: "CL_INVALID_BUILD_OPTIONS",
    .invalidProgram: "CL_INVALID_PROGRAM",
    .invalidProgramExecutable: "CL_INVALID_PROGRAM_EXECUTABLE",
    .invalidKernelName: "CL_INVALID_KERNEL_NAME",
    .invalidKernelDefinition: "CL_INVALID_KERNEL_DEFINITION",
    .invalidKernel: "CL_INVALID_KERNEL",
    .invalidArgIndex: "CL_INVALID_ARG_INDEX",
    .invalidArgValue: "CL_INVALID_ARG_VALUE",
    .invalidArgSize: "CL_INVALID_ARG_SIZE",
    .invalidKernelArgs: "CL_INVALID_KERNEL_ARGS",
    .invalidWorkDimension: "CL_INVALID_WORK_DIMENSION",
    .invalidWorkGroupSize: "CL_INVALID_WORK_GROUP_SIZE",
    .invalidWorkItemSize: "CL_INVALID_WORK_ITEM_SIZE",
    .invalidGlobalOffset: "CL_INVALID_GLOBAL_OFFSET",
    .invalidEventWaitList: "CL_INVALID_EVENT_WAIT_LIST",
    .invalidEvent: "CL_INVALID_EVENT",
    .invalidOperation: "CL_INVALID_OPERATION",
    .invalidGLObject: "CL_INVALID_GL_OBJECT",
    .invalidBufferSize: "CL_INVALID_BUFFER_SIZE",
    .invalidMipLevel: "CL_INVALID_MIP_LEVEL",
    .invalidGlobalWorkSize: "CL_INVALID_GLOBAL_WORK_SIZE",
    .invalidProperty: "CL_INVALID_PROPERTY",
    .invalidImageDescriptor: "CL_INVALID_IMAGE_DESCRIPTOR",
    .invalidCompilerOptions: "CL_INVALID_COMPILER_OPTIONS",
    .invalidLinkerOptions: "CL_INVALID_LINKER_OPTIONS",
    .invalidDevicePartitionCount: "CL_INVALID_DEVICE_PARTITION_COUNT",
    .platformNotFound: "CL_PLATFORM_NOT_FOUND_KHR",
  ]
}

extension OpenCLCode: CustomStringConvertible {
  /// The number and the name: `-54 (CL_INVALID_WORK_GROUP_SIZE)`.
  public var description: String { "\(rawValue) (\(name ?? "unknown code"))" }
}
