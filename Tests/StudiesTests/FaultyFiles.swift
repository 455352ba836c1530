import Files
import Foundation
import Studies
import Synchronization

/// The simulated end of the process: thrown by the operation that it comes before and by all after.
struct Killed: Error {}

/// The file system of this machine with a fault at a chosen operation, and the memory of what has
/// not reached the disk, so that a power cut can take it away.
final class FaultyFiles: FileOperations {
  enum Fault: Hashable, Sendable {
    case none
    /// The operation of this number fails, counted from 1.
    case once(at: Int, code: Int32)
    /// It and all after it fail.
    case forever(from: Int, code: Int32)
    /// The process ends before it.
    case kill(before: Int)
  }

  /// What a power cut does to what was not flushed.
  enum Loss: CaseIterable {
    case nothing, emptied, removed, renamesUndone, allUndone
  }

  private struct State {
    var count = 0
    var flushed: Set<String> = []
    /// New names in a folder that was not flushed since: path of the name.
    var newNames: Set<String> = []
    var renames: [(from: String, to: String)] = []
    var flushCalls: [String] = []
  }

  private let system = SystemFiles()
  private let fault: Fault
  /// Whether flushing does nothing, as a control for the tests: the protocol must then be caught.
  private let flushesNothing: Bool
  private let state = Mutex(State())

  init(_ fault: Fault = .none, flushesNothing: Bool = false) {
    self.fault = fault
    self.flushesNothing = flushesNothing
  }

  var count: Int { state.withLock { $0.count } }
  var flushCalls: [String] { state.withLock { $0.flushCalls } }

  private func step(_ operation: FileError.Operation, _ path: String) throws {
    let number = state.withLock {
      $0.count += 1
      return $0.count
    }
    switch fault {
    case .once(at: number, let code): throw FileError(operation, path, code: code)
    case .forever(let first, let code) where number >= first:
      throw FileError(operation, path, code: code)
    case .kill(let last) where number >= last: throw Killed()
    default: break
    }
  }

  func createFolder(_ path: String) throws {
    try step(.createFolder, path)
    try system.createFolder(path)
    state.withLock { _ = $0.newNames.insert(path) }
  }

  func write(_ bytes: Data, to path: String) throws {
    try step(.write, path)
    try system.write(bytes, to: path)
    state.withLock { _ = $0.newNames.insert(path) }
  }

  func synchronize(_ path: String) throws {
    state.withLock { $0.flushCalls.append(path) }
    try step(.synchronize, path)
    // The disk itself is left out: what is safe is what this class remembers as flushed.
    let isFolder = try system.kind(path) == .folder
    if flushesNothing { return }
    state.withLock {
      guard isFolder else {
        $0.flushed.insert(path)
        return
      }
      $0.newNames = $0.newNames.filter { parent($0) != path }
      $0.renames.removeAll { parent($0.to) == path }
      // Names that the maker gave without this class, too, are safe in a folder that was flushed.
      $0.flushed.insert(path)
    }
  }

  func rename(_ path: String, to newPath: String) throws {
    try step(.rename, path)
    try system.rename(path, to: newPath)
    state.withLock {
      let move = { (old: String) in
        old == path || old.hasPrefix(path + "/") ? newPath + old.dropFirst(path.count) : old
      }
      $0.flushed = Set($0.flushed.map(move))
      $0.newNames = Set($0.newNames.filter { $0 != path }.map(move))
      $0.renames.append((path, newPath))
    }
  }

  func remove(_ path: String) throws {
    try step(.remove, path)
    try system.remove(path)
  }

  func list(_ path: String) throws -> [String] {
    try step(.list, path)
    return try system.list(path)
  }

  func kind(_ path: String) throws -> FileKind? {
    try step(.open, path)
    return try system.kind(path)
  }

  func read(_ path: String, limit: Int) throws -> Data {
    try step(.read, path)
    return try system.read(path, limit: limit)
  }

  func digest(_ path: String) throws -> FileDigest {
    try step(.read, path)
    return try system.digest(path)
  }

  /// Cuts the power: damages what lies below a folder as far as it was not flushed.
  func cutPower(_ folder: URL, _ loss: Loss) throws {
    let (flushed, newNames, renames) = state.withLock { ($0.flushed, $0.newNames, $0.renames) }
    let manager = FileManager.default
    if loss == .renamesUndone || loss == .allUndone {
      for (from, to) in renames.reversed()
      where manager.fileExists(atPath: to) && !manager.fileExists(atPath: from) {
        try manager.moveItem(atPath: to, toPath: from)
      }
    }
    if loss == .removed || loss == .allUndone {
      for path in newNames { try? manager.removeItem(atPath: path) }
    }
    guard loss != .nothing && loss != .renamesUndone else { return }
    for name in try manager.subpathsOfDirectory(atPath: folder.path) {
      let path = folder.path + "/" + name
      guard case .file? = try system.kind(path), !flushed.contains(path) else { continue }
      if loss == .emptied {
        try Data().write(to: URL(fileURLWithPath: path))
      } else {
        try manager.removeItem(atPath: path)
      }
    }
  }
}

private func parent(_ path: String) -> String {
  URL(fileURLWithPath: path).deletingLastPathComponent().path
}
