#!/usr/bin/env bash
# Makes an image of Debian bookworm with Python from packages alone, where no image can be pulled.
#
#   docker/base.sh NAME [PACKAGE...]
#
# The packages come from where this machine's apt has them, which no file of the image tells.  It
# has to run as root, on Debian bookworm, with mmdebstrap.  What was made is kept in build/base and
# taken from there for as long as this file, the packages and the month are the same: packages of
# the next month bring what was mended meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."

suite=bookworm
name=$1
shift
say() { printf '%s\n' "$*" >&2; }

key=$({ cat docker/base.sh; echo "$@"; date -u +%Y-%m; } | sha256sum | cut -c1-16)
kept=build/base/$key.tar
label=org.kizashi.base=$key
if [ -n "$(docker images --quiet --filter "label=$label" "$name")" ]; then
    exit 0
fi

make_tree() {
    local packages=usr-is-merged,ca-certificates,python3,python3-venv path excluded=()
    for path in "$@"; do packages+=,$path; done
    for path in man info locale lintian groff doc; do
        excluded+=(--dpkgopt="path-exclude=/usr/share/$path/*")
    done
    # The last: no address of a mirror and no name of this machine stay, and no cache of Python.
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0} mmdebstrap --variant=minbase --quiet \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --include="$packages" "${excluded[@]}" \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --customize-hook='find "$1" -xdev -name __pycache__ -prune -exec rm -rf {} +' \
        --customize-hook='rm -rf "$1"/var/log/* "$1"/var/cache/* "$1"/etc/*-' \
        --customize-hook='rm -f "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*' \
        --customize-hook='rm -f "$1"/etc/hostname "$1"/etc/resolv.conf' \
        --customize-hook='rm -f "$1"/etc/dpkg/dpkg.cfg.d/*' \
        --format=tar "$suite" "$kept.part" "$sources"
}

if [ ! -f "$kept" ]; then
    if [ "$(id -u)" != 0 ]; then
        say "docker/base.sh has to run as root: it makes the files of another system."
        exit 1
    fi
    mkdir -p build/base
    sources=$(mktemp --suffix=.list)
    trap 'rm -f "$sources" "$kept.part"' EXIT
    for pocket in "$suite" "$suite-updates" "$suite-security"; do
        apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) main' 'Created-By: Packages' \
            'Origin: Debian' 'Component: main' "Codename: $pocket" >>"$sources"
    done
    if [ ! -s "$sources" ]; then
        say "this machine's apt knows no Debian $suite: add it, or build on another image with"
        say "make image BASE_IMAGE=NAME"
        exit 1
    fi
    say "packages for the image $name are fetched: it takes some minutes the first time"
    make_tree "$@"
    mv "$kept.part" "$kept"
fi
docker import --change "LABEL $label" --change 'CMD ["python3"]' \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV LANG=C.UTF-8' "$kept" "$name" >/dev/null
say "made the image $name"
