// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the system says when a file cannot be used, in the words of the system and not of a library.
struct FileFailure: CustomStringConvertible {
    private let error: any Error

    init(_ error: any Error) { self.error = error }

    var isMissing: Bool { (error as? CocoaError)?.code == .fileReadNoSuchFile }

    var description: String {
        if isOfDevice { return "it is a device or a pipe, not a file" }
        let underlying = ((error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError }
        if let underlying, underlying.domain == NSPOSIXErrorDomain {
            return unsafe String(cString: strerror(Int32(underlying.code)))
        }
        return error.localizedDescription
    }

    /// The library says of these that reading them is not permitted.
    private var isOfDevice: Bool {
        guard (error as? CocoaError)?.code == .fileReadNoPermission,
            let path = (error as NSError).userInfo[NSFilePathErrorKey] as? String
        else { return false }
        do {
            let place = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
            let kind = try FileManager.default.attributesOfItem(atPath: place)[.type] as? FileAttributeType
            return kind.map { ![.typeRegular, .typeDirectory].contains($0) } ?? false
        } catch {
            // It cannot even be looked at: the first failure says why.
            return false
        }
    }
}
