#!/bin/sh
# Installs Kizashi, or upgrades it: the same command, run again, is always safe.
#
#   ./install.sh [--demo] [--home DIR] [--port N] [--bundle DIR] [--timezone ZONE]
#
# This script only finds a Python; appliance/install/bootstrap.py looks first (preflight) and
# touches after, as a list of named steps.  Everything is inside a function that the last line
# calls, so that a script cut off while being copied does nothing.
set -eu

say() { printf '%s\n' "$*" >&2; }

find_python() {
    # KIZASHI_PYTHON names one; otherwise the newest supported one on the PATH.
    for candidate in ${KIZASHI_PYTHON:-} python3.13 python3.12 python3.11 python3 python3.14; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

main() {
    here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
    if ! python=$(find_python); then
        found=$(python3 --version 2>/dev/null || echo "no Python 3")
        say "Kizashi needs Python 3.11 or newer; found: $found."
        say "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) and run this again,"
        say "or name one: KIZASHI_PYTHON=/path/to/python3.11 ./install.sh"
        exit 1
    fi
    exec "$python" -I "$here/appliance/install/bootstrap.py" --source "$here" "$@"
}

main "$@"
