#!/bin/bash
# Runs inside the virtual machine that starts from the image; what it finds goes out by a serial line.
exec >/dev/ttyS1 2>&1
section() { local name=$1; shift; local told; told=$("$@" 2>&1); printf '\n=== %s %s\n%s\n' "$name" "$?" "$told"; }
until_true() { for _ in $(seq 900); do "$@" && return 0; sleep 0.2; done; return 1; }
well() { python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1/healthz', timeout=5)" 2>/dev/null; }

systemctl is-system-running --wait # until all has started, or failed
section data findmnt --noheadings --output SOURCE,FSTYPE,OPTIONS /data
section root findmnt --noheadings --output OPTIONS /
section mapped dmsetup table cafebox-data
section key_left ls -A /run/cafebox-data
section status cafebox-data status
section clock cat /run/cafebox-clock/believed
section date date -u +%F
section machine_id cat /etc/machine-id
section ssh_keys ls /etc/ssh
section name busctl call org.freedesktop.Avahi / org.freedesktop.Avahi.Server GetHostNameFqdn
section stick findmnt --noheadings --output SOURCE,FSTYPE /media/copy
section kept cat /data/cafebox/kept
if findmnt /data >/dev/null; then
    if [ ! -e /data/cafebox/box-data/box.identity ]; then
        install -d -o cafebox -g cafebox -m 700 /data/cafebox/box-data
        install -o cafebox -g cafebox -m 600 /usr/local/share/box.identity /data/cafebox/box-data/
        systemctl restart cafebox
    fi
    section well until_true well
    box=$(systemctl show --property=MainPID --value cafebox)
    section stick_written nsenter --target "$box" --mount -- runuser -u cafebox -- touch /media/copy/written
    touch /var/lib/systemd/timesync/clock # as systemd-timesyncd does every ten minutes
    echo 'before the cut' >/data/cafebox/kept
    sync
fi
section failed systemctl list-units --failed --plain --no-legend
section errors journalctl --boot --no-pager -o cat --priority=err
section journal journalctl --boot --no-pager -o cat --unit='cafebox*' --unit=systemd-cryptsetup@cafebox\\x2ddata
printf '\n=== end 0\n'
# The power is cut from outside.
sleep infinity
