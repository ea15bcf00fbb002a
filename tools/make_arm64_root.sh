#!/bin/bash
# Put a Debian 12 for arm64 into a folder, to run its programs under emulation; nothing is started.
#   tools/make_arm64_root.sh FOLDER    as root; 300 MB, a minute
# Packages are unpacked and noted as installed, without their scripts: those take ten times as long.
set -euo pipefail
folder=$1
[ "$(id -u)" -eq 0 ] || { echo "Type it as root: it changes roots." >&2; exit 1; }
rules=/proc/sys/fs/binfmt_misc
[ -e $rules/register ] || mount -t binfmt_misc binfmt_misc $rules
[ -e $rules/qemu-aarch64 ] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >$rules/register ||
    { echo "qemu-user-static is missing. Type: apt-get install qemu-user-static" >&2; exit 1; }
mirror=$(apt-get indextargets --format '$(SITE)' | grep -vi security | head -n 1)
rm -rf "$folder.part" "$folder.apt"
mkdir -p "$folder.part/var/lib/dpkg/info" "$folder.apt/lists/partial" "$folder.apt/archives/partial"
trap 'rm -rf "$folder.apt"' EXIT
cd "$folder.apt"
touch status
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main" >sources
cat >configuration <<END
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
Dir::State "$PWD";
Dir::State::status "$PWD/status";
Dir::Cache "$PWD";
Dir::Etc::sourcelist "$PWD/sources";
Dir::Etc::sourceparts "/nonexistent";
END
export APT_CONFIG=$PWD/configuration
system=(base-files base-passwd passwd bash dash coreutils dpkg apt systemd systemd-sysv udev dbus hostname)
mapfile -t packages < <(python3 "$(dirname "$0")/../firmware_scripts/provision" packages)
apt-get update --quiet
apt-get install --yes --quiet --download-only --no-install-recommends "${system[@]}" "${packages[@]}"
for package in archives/*.deb; do
    dpkg-deb --extract "$package" "$folder.part"
    dpkg-deb --field "$package" | sed '/^Package:/a Status: install ok installed'
    echo
done >status-there
mv status-there "$folder.part/var/lib/dpkg/status"
for table in passwd group; do
    cp "$folder.part/usr/share/base-passwd/$table.master" "$folder.part/etc/$table"
done
rm -rf "$folder"
mv "$folder.part" "$folder"
