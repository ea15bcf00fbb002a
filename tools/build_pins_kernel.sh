#!/bin/bash
# Build the user-mode Linux in which `make test-pins` runs: real GPIO lines (gpio-sim) and real
# keyboards (uinput) on a machine that has none. From Debian's linux-source; nothing is installed.
#   tools/build_pins_kernel.sh FOLDER   leaves FOLDER/linux, 5 MB; 2 GB meanwhile
set -euo pipefail
config=$(cd "$(dirname "$0")" && pwd)/pins_kernel.config
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shopt -s nullglob

fail() { echo "No kernel for pins: $1" >&2; exit 1; }
archives=(/usr/src/linux-source-*.tar.xz)
[ ${#archives[@]} -gt 0 ] || fail "its source is missing. Type: apt-get install linux-source"
archive=$(printf '%s\n' "${archives[@]}" | sort -V | tail -n 1)

work=$(mktemp -d "$folder/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
tar -xJf "$archive" -C "$work" --strip-components=1 --exclude='*/Documentation'
mkdir -p "$work/Documentation" && touch "$work/Documentation/Kconfig"
cd "$work"

# change FILE SED: a change that finds nothing to change is an error, in a newer source say.
change() {
    sed -i.before "$2" "$1"
    ! cmp -s "$1" "$1.before" || fail "$1 of $archive is not as expected: change $0"
}
# Each simulated line needs an interrupt number, and this architecture has given all of its own away.
change arch/um/include/asm/irq.h 's/^\(#define NR_IRQS[[:space:]]*\)UM_LAST_SIGNAL_IRQ$/\1(UM_LAST_SIGNAL_IRQ + 256)/'
change arch/um/kernel/irq.c 's/\(i = UM_FIRST_DYN_IRQ; i < \)NR_IRQS;/\1UM_LAST_SIGNAL_IRQ;/'
# Edges are delivered on the tick: each millisecond rather than each ten.
change arch/um/Kconfig '/^config HZ$/,/default/s/default 100/default 1000/'

log=$folder/build.log
{
    make ARCH=um KCONFIG_ALLCONFIG="$config" allnoconfig
    while read -r line; do
        [[ $line != CONFIG_* ]] || grep -qxF "$line" .config || fail "this source has no ${line%%=*}"
    done <"$config"
    nice -n 19 make ARCH=um -j"$(nproc)" linux
} >"$log" 2>&1 || { tail -n 15 "$log" >&2; fail "the build failed; the whole log is $log"; }
strip -o "$folder/linux.new" linux
mv "$folder/linux.new" "$folder/linux"
