#!/bin/bash
# Runs inside the booted container: provisions it, updates it, makes its root read-only.
. /mnt/in/words.sh || exit 1
number_of_restarts() { systemctl show -P NRestarts cafebox; }

section dry_run provision --dry-run
section dry_run_user id cafebox
section first provision
section second provision
section installed update install /mnt/in/1.cafebox
install -d -o cafebox -g cafebox -m 700 /data/cafebox/box-data
install -o cafebox -g cafebox -m 600 /mnt/in/box.identity /data/cafebox/box-data/box.identity

section verify systemd-analyze verify /etc/systemd/system/cafebox*.service /etc/systemd/system/cafebox*.timer
section security systemd-analyze security --no-pager cafebox.service cafebox-clock.service cafebox-clock-save.service cafebox-confirm.service cafebox-data.service cafebox-first-start.service
section device_rules udevadm test --action=add /sys/class/net/lo

# The watchdog's patience is 30 s; here it is 4.
mkdir -p /run/systemd/system/cafebox.service.d
printf '[Service]\nWatchdogSec=4\n' >/run/systemd/system/cafebox.service.d/patience.conf
systemctl daemon-reload
section started systemctl start cafebox
section well until_well
section process stat -c %U "/proc/$(systemctl show -P MainPID cafebox)"
section command /usr/local/sbin/cafebox status
section own_program runuser -u cafebox -- touch /data/app/a/edge/cli.py
before=$(number_of_restarts)
kill -STOP "$(systemctl show -P MainPID cafebox)"
for _ in $(seq 100); do [ "$(number_of_restarts)" -gt "$before" ] && break; sleep 0.2; done
{ echo "$before $(number_of_restarts)"; journalctl -u cafebox --no-pager -o cat | grep -i watchdog; } >watchdog
section well_again until_well

section broken update install /mnt/in/2.cafebox
systemctl restart --no-block cafebox
section given_up update confirm --within 20 --steady 1
section well_after_broken until_well
section status_after_broken update status
section mended update install /mnt/in/3.cafebox
systemctl restart cafebox
section confirmed update confirm --within 30 --steady 2
section status_at_the_end update status
section third provision

echo 'rootfs / overlay defaults 0 1' >/etc/fstab
section made_read_only provision --root read-only
section made_read_only_again provision --root read-only
journalctl -u cafebox --no-pager -o cat >journal 2>&1
touch scenario.sh.done
systemctl poweroff
