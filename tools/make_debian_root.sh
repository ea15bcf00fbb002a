#!/bin/bash
# Make a bare Debian 12 in a folder, to provision and boot in a container; nothing here is changed.
#   tools/make_debian_root.sh FOLDER    as root; 400 MB, some minutes
set -euo pipefail
folder=$1
[ "$(id -u)" -eq 0 ] || { echo "Type it as root: debootstrap makes devices and changes roots." >&2; exit 1; }
for program in debootstrap systemd-nspawn; do
    command -v "$program" >/dev/null || { echo "$program is missing. Type: apt-get install debootstrap systemd-container" >&2; exit 1; }
done
mirror=$(apt-get indextargets --format '$(SITE)' | grep -vi security | head -n 1)
rm -rf "$folder.part"
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,udev bookworm "$folder.part" "$mirror" >"$folder.log" 2>&1
# What provisioning would fetch: the container has no line.
cp /etc/resolv.conf "$folder.part/etc/resolv.conf"
mapfile -t packages < <(python3 "$(dirname "$0")/../firmware_scripts/provision" packages)
chroot "$folder.part" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}" >>"$folder.log" 2>&1
chroot "$folder.part" apt-get clean
rm -rf "$folder"
mv "$folder.part" "$folder"
