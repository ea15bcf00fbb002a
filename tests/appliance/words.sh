# Words that the scripts of the booted container share: a section's output goes to /mnt/out/<section>.
cd /mnt/out || exit 1
url=http://127.0.0.1/healthz
well() { python3 -c "import urllib.request; urllib.request.urlopen('$url', timeout=2)" 2>/dev/null; }
until_well() { for _ in $(seq 300); do well && return 0; sleep 0.2; done; return 1; }
section() { local name=$1; shift; "$@" >"$name" 2>&1; echo "$?" >"$name.code"; }
provision() { python3 /mnt/firmware/provision --hub http://hub:8600 --key /mnt/in/release.pub "$@"; }
update() { /usr/local/sbin/cafebox-update "$@"; }
