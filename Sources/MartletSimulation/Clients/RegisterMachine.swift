// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

package import MartletTypes

/// A few numbered registers: the smallest service that has writes, reads, versions and snapshots.
package struct RegisterMachine: StateMachine {
    package struct Register: Sendable {
        var key: UInt8
        /// nil: deleted, which still has a version.
        var value: UInt64?
        var version: UInt64
    }

    struct Malformed: Error {}

    /// By ascending key.
    private var registers: [Register] = []

    package init() {}

    package mutating func execute(_ operation: Bytes, in context: ExecutionContext) -> Bytes {
        guard let call = RegisterCodec.call(from: operation) else { return RegisterCodec.malformed }
        let found = registers.firstIndex { $0.key == call.key }
        let old = found.flatMap { registers[$0].value }
        let new: UInt64?
        switch call.code {
        case .get: return RegisterCodec.result(old)
        case .put: new = call.number
        case .add: new = (old ?? 0) &+ call.number
        case .delete: new = nil
        }
        let register = Register(key: call.key, value: new, version: context.instance.rawValue)
        if let found {
            registers[found] = register
        } else {
            registers.insert(register, at: registers.firstIndex { $0.key > call.key } ?? registers.count)
        }
        return call.code == .add ? RegisterCodec.result(new) : RegisterCodec.done
    }

    package func read(_ query: Bytes, lastExecuted: Instance) -> ReadAnswer {
        guard let call = RegisterCodec.call(from: query), call.code == .get else {
            return ReadAnswer(result: RegisterCodec.malformed, version: .zero)
        }
        let register = registers.first { $0.key == call.key }
        return ReadAnswer(result: RegisterCodec.result(register?.value), version: Instance(register?.version ?? 0))
    }

    package func snapshot() -> [Register] { registers }

    package static func encode(_ snapshot: [Register]) -> Bytes {
        var bytes = Bytes()
        for register in snapshot {
            bytes.append(register.key)
            bytes.append(register.value == nil ? 0 : 1)
            RegisterCodec.append(register.value ?? 0, to: &bytes)
            RegisterCodec.append(register.version, to: &bytes)
        }
        return bytes
    }

    package mutating func restore(from bytes: Bytes) throws {
        guard bytes.count % 18 == 0 else { throw Malformed() }
        registers = stride(from: 0, to: bytes.count, by: 18).map { place in
            Register(
                key: bytes[place], value: bytes[place + 1] == 0 ? nil : RegisterCodec.number(bytes[(place + 2)...]),
                version: RegisterCodec.number(bytes[(place + 10)...]))
        }
    }
}
