# Martlet, adaptive Byzantine fault-tolerant replication.
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by ./martlet, ./test and .ci/run: sees that everything is there that a build needs. What is missing is
# installed where that is possible without asking (as root on a Debian-like system), and named otherwise.

prepare() {
    if ! command -v swift >/dev/null; then
        echo "martlet: the Swift toolchain (6.2 or newer) is missing: install it from https://swift.org/install," \
            "and see that 'swift' is in the PATH" >&2
        return 1
    fi
    local missing=()
    command -v git >/dev/null || missing+=(git)
    [[ $(uname) != Linux || -e /usr/include/stdio.h ]] || missing+=(libc6-dev)
    # BoringSSL, which TLS and the signatures come from, is partly written in C++.
    [[ $(uname) != Linux || -n $(compgen -G '/usr/include/c++/*') ]] || missing+=(g++)
    ((${#missing[@]} > 0)) || return 0
    if ((EUID == 0)) && command -v apt-get >/dev/null; then
        echo "martlet: installing ${missing[*]}" >&2
        apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >&2
    else
        echo "martlet: the build needs packages that are missing here (Debian's names): ${missing[*]}" >&2
        return 1
    fi
}
