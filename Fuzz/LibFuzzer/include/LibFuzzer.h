// Martlet, adaptive Byzantine fault-tolerant replication.
// SPDX-License-Identifier: Apache-2.0

#include <stddef.h>
#include <stdint.h>

/// libFuzzer's main loop: takes its flags out of the arguments and never returns unless they ask for nothing.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*one)(const uint8_t *data, size_t size));
