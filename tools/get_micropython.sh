#!/bin/bash
# Unpack a MicroPython that runs sync_protocol (1.25, Debian trixie's) beside the system, without mixing
# distributions: own package lists, the system's own mirror and keyring, nothing installed.
#   tools/get_micropython.sh FOLDER   leaves FOLDER/micropython, a wrapper that can be called from anywhere
set -eu
mkdir -p "$1"
folder=$(cd "$1" && pwd)
suite=trixie
packages=(micropython libc6 libffi8 libmbedcrypto16 libmbedtls21 libmbedx509-7)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() { echo "No MicroPython: $1" >&2; exit 1; }
command -v apt-get >/dev/null || fail "this machine has no apt-get. Put a unix-port MicroPython 1.25 or newer at $folder/micropython."
[ -e $keyring ] || fail "$keyring is missing. Type: apt-get install debian-archive-keyring"
mirror=$(apt-get indextargets --format '$(SITE)' | grep -vi security | head -n 1)
[ -n "$mirror" ] || fail "apt has no mirror configured, or no lists yet. Type: apt-get update"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists/partial,archives/partial}
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
apt=(apt-get -qq
    -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o Dir::State::status=/dev/null
    -o "Dir::Cache::archives=$work/archives" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
[ "$(id -u)" -ne 0 ] || apt+=(-o APT::Sandbox::User=root)
"${apt[@]}" update || fail "the mirror does not serve $suite."
(cd "$work/archives" && "${apt[@]}" download "${packages[@]}") || fail "the packages could not be fetched."

rm -rf "$folder/root"
for package in "$work"/archives/*.deb; do dpkg-deb -x "$package" "$folder/root"; done
loader=$(find "$folder/root/usr/lib" -name 'ld-linux-*.so.*' | head -n 1)
[ -n "$loader" ] || fail "the C library of $suite has no loader for this architecture."
libraries=$(dirname "$(find "$folder/root/usr/lib" -name 'libffi.so.8' | head -n 1)")
cat >"$folder/micropython.new" <<EOF
#!/bin/sh
exec "$loader" --library-path "$libraries" "$folder/root/usr/bin/micropython" "\$@"
EOF
chmod +x "$folder/micropython.new"
"$folder/micropython.new" -c 'import asyncio, sys; assert sys.implementation.version >= (1, 25)' || fail "it does not start."
mv "$folder/micropython.new" "$folder/micropython"
