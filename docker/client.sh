#!/bin/sh
# Prints the folder of a docker client that can use BuildKit: one with buildx, or one before 23.
set -eu
for folder in $(printf '%s\n' "$PATH" | tr ':' ' ') /usr/bin; do
    client=$folder/docker
    [ -x "$client" ] || continue
    major=$("$client" --version | sed 's/^Docker version \([0-9]*\).*/\1/')
    if [ "$major" -lt 23 ] || "$client" buildx version >/dev/null 2>&1; then
        printf '%s\n' "$folder"
        exit 0
    fi
done
echo "no docker client here can build images: install docker.io, or docker and docker-buildx" >&2
exit 1
