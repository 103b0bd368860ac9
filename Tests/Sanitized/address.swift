// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// The fault that AddressSanitizer must see before its silence about the tests means anything: memory is read after it
/// was given back.
@main
struct PlantedFault {
    static func main() {
        let memory = UnsafeMutablePointer<Int>.allocate(capacity: 8)
        memory.initialize(repeating: CommandLine.arguments.count, count: 8)
        memory.deallocate()
        print(memory[3])
    }
}
