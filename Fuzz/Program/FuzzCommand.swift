// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

import LibFuzzer

/// What scripts/fuzz runs:
///
///     martlet-fuzz list                               each target with its limits, a line each
///     martlet-fuzz seeds TARGET VECTORS FOLDER        writes the target's first inputs, some made from frozen vectors
///     martlet-fuzz run TARGET [libFuzzer's arguments]
@main
struct FuzzCommand {
    static func main() throws {
        let arguments = CommandLine.arguments
        switch arguments.dropFirst().first {
        case "list": FuzzTargets.all.forEach { print($0.line) }
        case "seeds" where arguments.count == 5:
            try SeedFolder(vectors: arguments[3], folder: arguments[4]).write(target(arguments[2]))
        case "run" where arguments.count > 2: run(target(arguments[2]))
        default: fatalError("usage: list | seeds TARGET VECTORS FOLDER | run TARGET [ARGUMENTS]")
        }
    }

    private static func target(_ name: String) -> FuzzTarget {
        guard let target = FuzzTargets.all.first(where: { $0.name == name }) else { fatalError("no target \(name)") }
        return target
    }

    /// The target that this process runs: libFuzzer calls a function that can hold nothing.
    private static let chosen = target(CommandLine.arguments[2])

    /// Gives libFuzzer the arguments from the target's name on, which stands for the program's.
    private static func run(_ target: FuzzTarget) {
        print("target \(chosen.name)")
        var count = CommandLine.argc - 2
        var vector = unsafe Optional(CommandLine.unsafeArgv + 2)
        _ = unsafe LLVMFuzzerRunDriver(&count, &vector) { bytes, count in
            unsafe FuzzCommand.chosen.run(UnsafeRawBufferPointer(start: bytes, count: count))
            return 0
        }
    }
}
