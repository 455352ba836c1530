import Foundation
import OpenCL
import Testing

/// Each in a process of its own, because the loader of drivers and PoCL read the environment once.
@Suite struct PlatformTests {
  @Test(.enabled(if: driversAreLoaded, "Oclgrind stands in for the loader"))
  func noDriverIsNoPlatform() async {
    await #expect(processExitsWith: .success) {
      try withTemporaryFolder { folder in
        setenv("OCL_ICD_VENDORS", folder.path(), 1)
        for _ in 0..<3 { try require(Platform.all().isEmpty) }
      }
    }
  }

  @Test(.enabled(if: driversAreLoaded, "Oclgrind stands in for the loader"))
  func missingFolderOfDriversIsNoPlatform() async {
    await #expect(processExitsWith: .success) {
      setenv("OCL_ICD_VENDORS", "/dev/null/vendors", 1)
      try require(Platform.all().isEmpty)
    }
  }

  @Test(.enabled(if: driversAreLoaded, "Oclgrind stands in for the loader"))
  func brokenDriverIsNoPlatform() async {
    await #expect(processExitsWith: .success) {
      try withTemporaryFolder { folder in
        try Data("/no/such/library.so\n".utf8).write(to: folder.appending(path: "broken.icd"))
        setenv("OCL_ICD_VENDORS", folder.path(), 1)
        try require(Platform.all().isEmpty)
      }
    }
  }

  @Test func portableComputingLanguageCachesInOurFolder() async {
    await #expect(processExitsWith: .success) {
      try withTemporaryFolder { folder in
        setenv("DORMOUSE_CACHE", folder.path(), 1)
        unsetenv("POCL_CACHE_DIR")
        _ = try Platform.all()
        let pocl = folder.appending(path: "pocl", directoryHint: .isDirectory).path()
        try require(environment("POCL_CACHE_DIR") == pocl)
        try require(FileManager.default.fileExists(atPath: pocl))
        try require(ProgramCache.standard.folder.path() == folder.path() + "programs/")
      }
    }
  }

  @Test func cacheThatTheUserPlacedStays() async {
    await #expect(processExitsWith: .success) {
      setenv("POCL_CACHE_DIR", "/tmp/elsewhere", 1)
      _ = try Platform.all()
      try require(environment("POCL_CACHE_DIR") == "/tmp/elsewhere")
    }
  }

  @Test func threadsThatTheUserPlacedStay() async {
    await #expect(processExitsWith: .success) {
      setenv("POCL_AFFINITY", "0", 1)
      _ = try Platform.all()
      try require(environment("POCL_AFFINITY") == "0")
    }
  }

  @Test func platformsAreTheSameEveryTime() throws {
    let first = try Platform.all()
    let second = try Platform.all()
    #expect(first.map(\.index) == Array(first.indices))
    #expect(first.flatMap(\.devices).map(\.selector) == second.flatMap(\.devices).map(\.selector))
    #expect(first.map(\.name) == second.map(\.name))
    for (platform, device) in first.flatMap({ platform in platform.devices.map { (platform, $0) } })
    {
      #expect(device.platformIndex == platform.index)
      #expect(device.platformVersion == platform.version)
      #expect(device.version.hasPrefix("OpenCL "))
      #expect(!device.name.isEmpty && !device.driverVersion.isEmpty)
      #expect(device.computeUnits > 0 && device.preferredVectorWidth > 0)
      #expect(device.globalMemory >= device.maximumAllocation)
      #expect(device.maximumAllocation > 0 && device.localMemory > 0)
      #expect(device.maximumWorkGroupSize > 0)
      #expect(device.supports("cl_khr_byte_addressable_store"))
      #expect(!device.supports("cl_khr"))
    }
  }
}

@Suite struct CacheFolderTests {
  @Test(arguments: [
    (["DORMOUSE_CACHE": "/a/b", "XDG_CACHE_HOME": "/x", "HOME": "/h"], "/a/b/"),
    (["DORMOUSE_CACHE": "", "XDG_CACHE_HOME": "/x", "HOME": "/h"], "/x/dormouse/"),
    (["XDG_CACHE_HOME": "relative", "HOME": "/h"], "/h/.cache/dormouse/"),
    (["XDG_CACHE_HOME": "", "HOME": "/h"], "/h/.cache/dormouse/"),
    (["HOME": "/home/with space"], "/home/with space/.cache/dormouse/"),
  ])
  func preferred(_ environment: [String: String], _ path: String) {
    #expect(CacheFolder.preferred(in: environment).path(percentEncoded: false) == path)
  }

  @Test func writableFolderIsMade() throws {
    try withTemporaryFolder { folder in
      let wanted = folder.appending(path: "a/b", directoryHint: .isDirectory)
      #expect(CacheFolder.writable(wanted) == wanted)
      #expect(FileManager.default.fileExists(atPath: wanted.path()))
    }
  }

  @Test func unwritableFolderIsReplaced() throws {
    let folder = CacheFolder.writable(URL(filePath: "/dev/null/dormouse"))
    let attributes = try FileManager.default.attributesOfItem(
      atPath: folder.path(percentEncoded: false))
    #expect(attributes[.type] as? FileAttributeType == .typeDirectory)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
  }
}

/// Whether the loader of drivers is asked: a simulator takes its place.
private let driversAreLoaded = environment("LD_PRELOAD")?.contains("oclgrind") != true

private func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}

/// In a process of its own, a failure is an exit code.
private func require(_ condition: Bool) throws {
  struct NotSo: Error {}
  if !condition { throw NotSo() }
}
