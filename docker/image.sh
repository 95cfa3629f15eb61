#!/usr/bin/env bash
# Builds the image kizashi:VERSION, and writes its bill of materials to build/image.
#
#   docker/image.sh [OPTION of docker build...]
#
# BASE_IMAGE: what it is built on; "packages" (the default) makes a base of Debian packages first.
# IMAGE:      its name; kizashi:VERSION if not given.
# SOURCE:     address of the source, for a label.
set -euo pipefail
cd "$(dirname "$0")/.."
made=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
say() { printf '%s\n' "$*" >&2; }

# The engine's BuildKit is asked for by a client that has buildx, or by one so old that it has it.
PATH=$(docker/client.sh):$PATH
export DOCKER_BUILDKIT=1

base=${BASE_IMAGE:-packages}
if [ "$base" = packages ]; then
    docker/base.sh kizashi-base
    base=kizashi-base
fi

# How this machine's pip reaches its index, for as long as a command of the build runs.
secrets=$(mktemp -d)
trap 'rm -rf "$secrets"' EXIT
"${PYTHON:-python3}" -I docker/pip.py "$secrets"

version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml | head -n 1)
image=${IMAGE:-kizashi:$version}
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
docker build --progress=plain --network=host --tag "$image" \
    --secret "id=pip,src=$secrets/pip.conf" \
    --secret "id=authorities,src=$secrets/authorities.pem" \
    --build-arg "BASE_IMAGE=$base" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
    --build-arg "CREATED=$(date -u -d "@$made" +%Y-%m-%dT%H:%M:%SZ)" \
    --build-arg "SOURCE=${SOURCE:-}" "$@" . >&2

mkdir -p build/image
docker run --rm --network none --entrypoint cat "$image" /usr/share/kizashi/sbom.json \
    >"build/image/${image//[:\/]/-}.cdx.json"
size=$(docker image inspect --format '{{.Size}}' "$image")
say "made $image, $((size / 1000000)) MB"
echo "$image"
