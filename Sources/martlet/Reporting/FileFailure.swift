// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What the system says when a file cannot be used, in the words of the system and not of a library.
struct FileFailure: CustomStringConvertible {
    private let error: any Error

    init(_ error: any Error) { self.error = error }

    var isMissing: Bool { (error as? CocoaError)?.code == .fileReadNoSuchFile }

    var description: String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        if let underlying, underlying.domain == NSPOSIXErrorDomain {
            return unsafe String(cString: strerror(Int32(underlying.code)))
        }
        return error.localizedDescription
    }
}
