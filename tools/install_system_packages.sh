#!/bin/bash
# Install the Debian packages that the lists in requirements/ name and this machine lacks.
#   tools/install_system_packages.sh system-run [system-demo [system-test]]
# A line of a list is a package and a shell test that is true where it is there already, whoever
# installed it. Exit 1 with the words to type where we may not install.
set -u
cd "$(dirname "$0")/.." || exit 1
export PATH="$PATH:/usr/sbin:/sbin"
shopt -s nullglob

file() { # file GLOB...: true when one exists (globs that match nothing are gone by now)
    [ $# -gt 0 ] && [ -e "$1" ]
}

missing_packages() {
    local list package test
    for list in "$@"; do
        while read -r package test; do
            case "$package" in "" | \#*) continue ;; esac
            eval "$test" >/dev/null 2>&1 </dev/null || echo "$package"
        done <"requirements/$list.txt"
    done
}

mapfile -t missing < <(missing_packages "$@")
[ ${#missing[@]} -eq 0 ] && exit 0

what_to_type() {
    echo "$1" >&2
    echo "Missing system packages: ${missing[*]}" >&2
    echo "Type this as root (Debian 12 or newer), then run make again:" >&2
    echo "    apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    echo "A first look without device packages: DEVICES=fake make demo" >&2
    exit 1
}

command -v apt-get >/dev/null || what_to_type "This machine has no apt-get."
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || what_to_type "Not root, and there is no sudo."
    if ! sudo -n true 2>/dev/null; then
        [ -t 0 ] || what_to_type "Not root, and sudo would ask for a password."
        echo "Installing needs root; sudo may ask for your password."
    fi
    as_root=(sudo)
fi

echo "Installing system packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Tests and the demo start their own brokers and databases on free ports. Installing must not start
# more of them on the standard ports, so say no while we install (Debian policy, invoke-rc.d).
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin $policy
    trap '"${as_root[@]}" rm -f $policy; rm -f "$log"' EXIT
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    what_to_type "apt-get failed (its last lines are above)."
fi

mapfile -t missing < <(missing_packages "$@")
[ ${#missing[@]} -eq 0 ] || what_to_type "Installed, but still not found."
