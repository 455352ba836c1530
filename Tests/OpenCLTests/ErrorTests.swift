import Foundation
import OpenCL
import Testing

@Suite struct ErrorTests {
  @Test(arguments: [
    (
      OpenCLError(
        code: .invalidWorkGroupSize, call: "clEnqueueNDRangeKernel", kernel: "attention_forward",
        globalSize: [4096, 8], localSize: [256, 1]),
      """
      OpenCL error -54 (CL_INVALID_WORK_GROUP_SIZE) in clEnqueueNDRangeKernel, kernel \
      attention_forward, global [4096, 8], local [256, 1]
      """
    ),
    (
      OpenCLError(code: .outOfResources, call: "clFinish", device: "NVIDIA H100"),
      "OpenCL error -5 (CL_OUT_OF_RESOURCES) in clFinish, device NVIDIA H100"
    ),
    (
      OpenCLError(code: OpenCLCode(rawValue: -9999), call: "clFlush"),
      "OpenCL error -9999 (unknown code) in clFlush"
    ),
    (
      OpenCLError(
        code: .memObjectAllocationFailure, call: "clCreateBuffer", byteCount: 1 << 40,
        device: "small"),
      """
      OpenCL error -4 (CL_MEM_OBJECT_ALLOCATION_FAILURE) in clCreateBuffer, 1099511627776 bytes, \
      device small
      """
    ),
    (
      OpenCLError(
        code: .buildProgramFailure, call: "clBuildProgram", program: "matrix", device: "pthread",
        buildLog: "\n  1:2: error: no such thing \n\0"),
      """
      OpenCL error -11 (CL_BUILD_PROGRAM_FAILURE) in clBuildProgram, program matrix, device pthread:
      1:2: error: no such thing
      """
    ),
    (
      OpenCLError(
        code: .buildProgramFailure, call: "clBuildProgram", program: "matrix", buildLog: " \n"),
      "OpenCL error -11 (CL_BUILD_PROGRAM_FAILURE) in clBuildProgram, program matrix"
    ),
  ])
  func text(_ error: OpenCLError, _ text: String) {
    #expect(error.description == text)
  }

  /// Numbers and names of `CL/cl.h`, at both ends of every run of numbers.
  @Test(
    arguments: [
      (0, "CL_SUCCESS"), (-1, "CL_DEVICE_NOT_FOUND"), (-11, "CL_BUILD_PROGRAM_FAILURE"),
      (-14, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"),
      (-19, "CL_KERNEL_ARG_INFO_NOT_AVAILABLE"), (-20, nil), (-29, nil), (-30, "CL_INVALID_VALUE"),
      (-36, "CL_INVALID_COMMAND_QUEUE"), (-48, "CL_INVALID_KERNEL"),
      (-52, "CL_INVALID_KERNEL_ARGS"),
      (-54, "CL_INVALID_WORK_GROUP_SIZE"), (-61, "CL_INVALID_BUFFER_SIZE"),
      (-68, "CL_INVALID_DEVICE_PARTITION_COUNT"), (-69, nil), (-1001, "CL_PLATFORM_NOT_FOUND_KHR"),
      (1, nil), (.min, nil),
    ] as [(Int32, String?)])
  func name(_ code: Int32, _ name: String?) {
    #expect(OpenCLCode(rawValue: code).name == name)
  }

  @Test func everyCodeOfVersion12IsKnown() {
    let expected = Array(-19...0) + Array(-68 ... -30) + [-1001]
    #expect(Set(OpenCLCode.known.map { Int($0.rawValue) }) == Set(expected))
    #expect(Set(OpenCLCode.known.map(\.name)).count == expected.count)
  }
}

extension DeviceTests {
  @Suite struct FailureTests {
    private func failure(_ body: () throws -> Void) throws -> OpenCLError {
      try #require(throws: OpenCLError.self, performing: body)
    }

    @Test func wrongWorkGroupSize() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let add = try context.makeProgram(
        name: "add", source: addSource, options: "-cl-std=CL1.2"
      ).kernel(named: "add")
      let buffer = try context.makeBuffer(byteCount: 80)
      for index in 0..<3 { try add.setArgument(index, buffer) }
      let error = try failure { try queue.enqueue(add, global: [10, 2], local: [3, 1]) }
      #expect(
        error.description == """
          OpenCL error -54 (CL_INVALID_WORK_GROUP_SIZE) in clEnqueueNDRangeKernel, kernel add, \
          global [10, 2], local [3, 1]
          """)
      // The queue is none the worse.
      for index in 0..<3 { try add.setArgument(index, buffer) }
      try queue.enqueue(add, global: [10, 2], local: [5, 1])
      try queue.finish()
    }

    @Test func buildFailureCarriesTheLog() throws {
      let device = try DeviceTests().device
      let context = try Context(device, programCache: nil)
      let error = try failure {
        _ = try context.makeProgram(
          name: "broken", source: "kernel void broken(global int *x) { x[0] = undeclared_name; }")
      }
      #expect(error.code == .buildProgramFailure)
      let first = """
        OpenCL error -11 (CL_BUILD_PROGRAM_FAILURE) in clBuildProgram, program broken, device \
        \(device.name):

        """
      #expect(error.description.hasPrefix(first))
      #expect(error.buildLog?.contains("undeclared_name") == true)
      #expect(context.compilations == 0)
      #expect(context.liveObjects == 0)
    }

    @Test func missingKernel() throws {
      let device = try DeviceTests().device
      let context = try Context(device, programCache: nil)
      let program = try context.makeProgram(name: "add", source: addSource)
      let error = try failure { _ = try program.kernel(named: "subtract") }
      #expect(
        error.description == """
          OpenCL error -46 (CL_INVALID_KERNEL_NAME) in clCreateKernel, program add, kernel \
          subtract, device \(device.name)
          """)
    }

    @Test(arguments: [(6, 8, -49, "INDEX"), (-1, 8, -49, "INDEX"), (1, 8, -51, "SIZE")])
    func wrongArgument(_ index: Int, _ byteCount: Int, _ code: Int, _ what: String) throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let source = "kernel void scale(global float *x, float by) { x[0] *= by; }"
      let scale = try context.makeProgram(name: "scale", source: source).kernel(named: "scale")
      let error = try failure { try scale.setArgument(index, Int64(1)) }
      #expect(
        error.description == """
          OpenCL error \(code) (CL_INVALID_ARG_\(what)) in clSetKernelArg, program scale, kernel \
          scale, argument \(index), \(byteCount) bytes
          """)
    }

    @Test func missingArguments() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let queue = try context.makeQueue()
      let add = try context.makeProgram(name: "add", source: addSource).kernel(named: "add")
      let error = try failure { try queue.enqueue(add, global: [8]) }
      #expect(error.code == .invalidKernelArgs)
      #expect(error.kernel == "add")
    }

    @Test func transferBeyondTheEnd() throws {
      let device = try DeviceTests().device
      let context = try Context(device, programCache: nil)
      let queue = try context.makeQueue()
      let buffer = try context.makeBuffer(byteCount: 8)
      let error = try failure { try queue.write(buffer, [Float](repeating: 1, count: 3)) }
      #expect(
        error.description == """
          OpenCL error -30 (CL_INVALID_VALUE) in clEnqueueWriteBuffer, 12 bytes, device \
          \(device.name)
          """)
    }

    @Test func bufferOfAllMemoryThereIs() throws {
      let context = try Context(DeviceTests().device, programCache: nil)
      let error = try failure { _ = try context.makeBuffer(byteCount: 1 << 60) }
      #expect(error.call == "clCreateBuffer")
      #expect(error.byteCount == 1 << 60)
      #expect(context.liveObjects == 0)
      #expect(context.bytesAllocated == 0)
    }
  }
}
