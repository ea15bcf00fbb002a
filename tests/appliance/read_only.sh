#!/bin/bash
# Runs inside the container at its second boot, whose root is read-only.
. /mnt/in/words.sh || exit 1

section well_read_only until_well
section mounts findmnt --noheadings --raw --output TARGET,OPTIONS
section written_to_root touch /usr/written /etc/written
section swap swapon --noheadings
section card_units systemctl is-enabled apt-daily.timer logrotate.timer fake-hwclock.service dphys-swapfile.service
section provision_read_only provision

# An update that is cut in the middle of unpacking, then one that is not.
section cut timeout --signal=KILL 1 /usr/local/sbin/cafebox-update install /mnt/in/4.cafebox
systemctl restart cafebox
section well_after_a_cut until_well
section status_after_a_cut update status
section update_read_only update install /mnt/in/4.cafebox
systemctl restart cafebox
section updated_read_only update confirm --within 60 --steady 2

section failed_units systemctl list-units --failed --plain --no-legend
journalctl --boot --no-pager -o cat >journal_read_only 2>&1
section journal_kept find /data/system/journal -name '*.journal'

section writable_refused provision --root writable
mount -o remount,rw /
section writable provision --root writable
cp /etc/fstab fstab_writable
touch read_only.sh.done
systemctl poweroff
