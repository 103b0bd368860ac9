// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

/// What decides gives the same outcome on every machine and in every process: no floating point, no clock, no
/// randomness, no Foundation.
enum DeterminismRule {
    /// The targets that hold what replicas, clients and runs of the simulator must agree on.
    static let targets: Set = [
        "MartletTypes", "MartletWire", "MartletOptimizer", "MartletCore", "MartletClientCore", "MartletKV",
        "MartletLog",
    ]
    /// The simulator's runs are their seeds; it may still count with floating point in what it reports.
    static let simulator = "MartletSimulation"

    private static let floatingPoint: Set = ["CGFloat", "Double", "Float", "Float16", "Float32", "Float64", "Float80"]
    private static let clocks: Set = [
        "ContinuousClock", "SuspendingClock", "DispatchTime", "clock_gettime", "gettimeofday", "ProcessInfo",
    ]
    private static let randomness: Set = ["SystemRandomNumberGenerator", "arc4random", "getrandom", "randomElement"]

    static func findings(in file: SourceFile) -> [Finding] {
        guard let target = file.target else { return [] }
        let isSimulator = target == simulator
        guard isSimulator || targets.contains(target) else { return [] }
        return file.code.indices.compactMap { place in
            complaint(at: place, in: file.code, allowingFloatingPoint: isSimulator).map {
                Finding(file, file.code[place].line, $0)
            }
        }
    }

    private static func complaint(at place: Int, in code: [Token], allowingFloatingPoint: Bool) -> String? {
        let token = code[place]
        guard token.kind == .word else { return nil }
        if floatingPoint.contains(token.text) && !allowingFloatingPoint {
            return "\(token.text): floating point decides nothing here"
        }
        if clocks.contains(token.text) { return "\(token.text): time is an argument here" }
        if randomness.contains(token.text) { return "\(token.text): randomness is a seed here" }
        if token.text.hasPrefix("Foundation") { return "no Foundation here" }
        let isCall = place + 2 < code.count && code[place + 1].isSymbol("(")
        if token.text == "Date" && isCall { return "Date(): time is an argument here" }
        // A generator handed in (`using:`) is a seed's own; without one it is the system's.
        if token.text == "random" && isCall && place > 0 && code[place - 1].isSymbol(".")
            && !arguments(after: place + 1, in: code).contains(where: { $0.isWord("using") })
        {
            return ".random(): randomness is a seed here"
        }
        // A generator's own method takes what it shuffles as an argument.
        if ["shuffled", "shuffle"].contains(token.text) && isCall && code[place + 2].isSymbol(")") {
            return "\(token.text)(): randomness is a seed here"
        }
        return nil
    }

    private static func arguments(after open: Int, in code: [Token]) -> ArraySlice<Token> {
        code[open..<Brackets.end(after: open, in: code)]
    }
}
