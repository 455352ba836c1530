public import Foundation

/// The folder in which compiled programs and tuning records are kept between runs.
///
/// `DORMOUSE_CACHE` if set, else `$XDG_CACHE_HOME/dormouse`, else `~/.cache/dormouse` (XDG Base
/// Directory Specification 0.8); a private temporary folder if that folder cannot be written.
public enum CacheFolder {
  /// The folder of this process, found and created at first use.
  public static let current: URL = writable(preferred(in: ProcessInfo.processInfo.environment))

  /// The folder that an environment names. It is not checked whether it can be written.
  public static func preferred(in environment: [String: String]) -> URL {
    if let path = environment["DORMOUSE_CACHE"], !path.isEmpty {
      return URL(filePath: path, directoryHint: .isDirectory)
    }
    // The specification says that a relative path is ignored.
    if let path = environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
      return URL(filePath: path, directoryHint: .isDirectory)
        .appending(path: "dormouse", directoryHint: .isDirectory)
    }
    let home =
      environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
    return URL(filePath: home, directoryHint: .isDirectory)
      .appending(path: ".cache/dormouse", directoryHint: .isDirectory)
  }

  /// `folder`, created if it is missing, or a temporary folder if it cannot be written.
  public static func writable(_ folder: URL) -> URL {
    canWrite(folder) ? folder : temporary()
  }

  private static func canWrite(_ folder: URL) -> Bool {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      return false
    }
    return access(folder.path(percentEncoded: false), W_OK | X_OK) == 0
  }

  /// A folder in the system's temporary folder. No other user can have prepared it, which matters
  /// because programs are loaded from it.
  private static func temporary() -> URL {
    let parent = FileManager.default.temporaryDirectory
    let shared = parent.appending(
      path: "dormouse-\(geteuid())", directoryHint: .isDirectory)
    let path = shared.path(percentEncoded: false).trimmingSuffix("/")
    mkdir(path, 0o700)
    var status = stat()
    if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
      status.st_uid == geteuid(), status.st_mode & 0o077 == 0, access(path, W_OK | X_OK) == 0
    {
      return shared
    }
    let unique = parent.appending(
      path: "dormouse-\(UUID().uuidString)", directoryHint: .isDirectory)
    mkdir(unique.path(percentEncoded: false), 0o700)
    return unique
  }
}

extension String {
  /// The text without `suffix` at its end. `lstat` of a path with a final slash follows a link.
  fileprivate func trimmingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}

/// The preparation before the first OpenCL call of the process.
enum Runtime {
  /// Moves PoCL's cache of compiled kernels into this program's cache folder, unless the user has
  /// chosen a folder.
  ///
  /// Otherwise PoCL keeps it in `~/.cache/pocl`, and fails if the home folder cannot be written.
  ///
  /// Pins each of PoCL's threads to its own processor, unless the user has set another affinity or
  /// the process may not use all processors. Without this, two threads woke on one processor after
  /// a pause and stayed there for milliseconds, which halves the speed of a small model's step.
  static let prepare: Void = {
    let folder = CacheFolder.current.appending(path: "pocl", directoryHint: .isDirectory)
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    setenv("POCL_CACHE_DIR", folder.path(percentEncoded: false), 0)
    if usesEveryProcessor { setenv("POCL_AFFINITY", "1", 0) }
  }()

  private static var usesEveryProcessor: Bool {
    ProcessInfo.processInfo.activeProcessorCount == sysconf(Int32(_SC_NPROCESSORS_ONLN))
  }
}
