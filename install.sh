#!/bin/sh
# Installs Kizashi, or upgrades it: the same command, run again, is always safe.
#
#   ./install.sh [--demo] [--service] [--home DIR] [--port N] [--timezone ZONE]
#                [--bundle FILE|DIR [--trust FILE|FINGERPRINT]] [--rollback]
#
# This script only finds a Python; appliance/install/bootstrap.py looks first (preflight) and
# touches after, as a list of named steps.  Everything is inside a function that the last line
# calls, so that a script cut off while being copied does nothing.
set -eu

say() { printf '%s\n' "$*" >&2; }

supported() {
    # -I: deaf to PYTHONHOME and PYTHONPATH of whatever Python the user works with.
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    # KIZASHI_PYTHON names one; otherwise the one most surely served by the locked packages.
    if [ -n "${KIZASHI_PYTHON:-}" ]; then
        supported "$KIZASHI_PYTHON" && printf '%s\n' "$KIZASHI_PYTHON"
        return
    fi
    for candidate in python3.13 python3.12 python3.11 python3 python3.14 python; do
        if supported "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

carried=
# [a bundle's installer carries its Python here]

main() {
    here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
    if ! python=$(find_python); then
        named=${KIZASHI_PYTHON:-python3}
        found=$("$named" -I --version 2>&1) || found="no $named that runs"
        say "Kizashi was not installed. It needs Python 3.11 or newer; found: $found."
        say "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) and run this again,"
        say "or name one: KIZASHI_PYTHON=/path/to/python3.11 ./install.sh"
        exit 1
    fi
    if [ -n "$carried" ]; then
        here=$(mktemp -d)
        unpack "$here"
    elif [ ! -f "$here/appliance/install/bootstrap.py" ]; then
        say "Kizashi was not installed. $here is not a whole checkout: get it anew (git clone)."
        exit 1
    fi
    # -B: the checkout may be read-only, or another user's.
    exec "$python" -I -B -c 'import shutil, sys
sys.path.insert(0, sys.argv[1])
from appliance.install.bootstrap import main
if sys.argv[2]:
    shutil.rmtree(sys.argv[1])
else:
    sys.argv += ["--source", sys.argv[1]]
sys.exit(main(sys.argv[3:]))' "$here" "$carried" "$@"
}

main "$@"
