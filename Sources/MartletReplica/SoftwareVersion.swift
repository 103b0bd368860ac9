// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The version of this software, as a replica tells it to whoever asks for its status.
public enum SoftwareVersion {
    public static let current = "0.1.0"
}
