#!/bin/sh
# Installs the real servers that the tests run against, through apt-get and as root.
# No service is started: a policy-rc.d that forbids it is in place for the duration, and what was
# there before comes back, also after a failure, a signal or (at the next run) a kill.
# Exit codes: 0 everything is there; 1 something is missing and cannot be installed, or is running.
set -eu

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
for folder in /usr/lib/postgresql/*/bin; do PATH=$PATH:$folder; done
POLICY=${POLICY:-/usr/sbin/policy-rc.d}
SAVED=$POLICY.before-plainwire
MARK='written by plainwire tests/servers/install.sh'

say() { echo "servers: $*"; }
fail() { say "$*" >&2; exit 1; }

# command:package; the environment may say otherwise, and where the policy lies: for its own test.
ALL='nginx:nginx apache2:apache2-bin haproxy:haproxy caddy:caddy openssl:openssl node:nodejs npm:npm'
ALL="$ALL gnutls-cli:gnutls-bin stunnel4:stunnel4 javac:default-jdk-headless postgres:postgresql"
ALL="$ALL uwsgi_python3:uwsgi-plugin-python3"
SERVERS=${SERVERS:-$ALL}

missing_of() {  # missing_of command|package: one name a server that is not there
    for pair in $SERVERS; do
        command -v "${pair%%:*}" >/dev/null 2>&1 && continue
        [ "$1" = command ] && echo "${pair%%:*}" || echo "${pair##*:}"
    done
}

restore_policy() {
    if [ -e "$SAVED" ] || [ -L "$SAVED" ]; then
        mv -f "$SAVED" "$POLICY"
    elif [ -f "$POLICY" ] && grep -q "$MARK" "$POLICY"; then
        rm -f "$POLICY"
    fi
}

forbid_services() {
    trap restore_policy EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if [ -e "$POLICY" ] || [ -L "$POLICY" ]; then mv "$POLICY" "$SAVED"; fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$MARK" >"$POLICY"
    chmod 755 "$POLICY"
}

disable_at_boot() {  # policy-rc.d keeps a service from starting now, not at the next boot
    [ -d /run/systemd/system ] || return 0
    for name in "$@"; do
        systemctl disable --quiet "$name.service" 2>/dev/null || true
    done
}

running() {  # running command: the pids of processes whose executable it is
    program=$(readlink -f "$(command -v "$1")")
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/exe" 2>/dev/null)" = "$program" ] && echo "${process#/proc/}"
    done
    return 0
}

commands=$(missing_of command | tr '\n' ' ')
packages=$(missing_of package | tr '\n' ' ')
if [ -z "$commands" ]; then
    say "all there: $(for pair in $SERVERS; do printf '%s ' "${pair%%:*}"; done)"
    exit 0
fi
command -v apt-get >/dev/null 2>&1 || fail "missing: ${commands}- there is no apt-get here; install them by hand"
[ "$(id -u)" = 0 ] || fail "missing: ${commands}- run as root: apt-get install ${packages% }"

exec 9<"${POLICY%/*}"  # the folder itself is the lock: two runs must not save each other's policy
flock 9
restore_policy
forbid_services
say "installing $packages"
export DEBIAN_FRONTEND=noninteractive
apt-get -q -o DPkg::Lock::Timeout=300 update
# shellcheck disable=SC2086 # the packages are words
apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
    install --no-install-recommends $packages
# shellcheck disable=SC2086
disable_at_boot $commands

left=$(missing_of command | tr '\n' ' ')
[ -z "$left" ] || fail "still missing after the installation: $left"
for name in $commands; do
    pids=$(running "$name" | tr '\n' ' ')
    # These are programs, not services: somebody may well be using them.
    case $name in openssl | node | npm | gnutls-cli | javac) continue ;; esac
    [ -z "$pids" ] || fail "$name is running (pid $pids): its package started it"
done
say "installed $packages- none is running"
