#!/bin/sh
# As the official image of PostgreSQL begins: a new folder gets a cluster, a user and a database.
set -eu
umask 077
export PGDATA="${PGDATA:-/var/lib/postgresql/data}"
user=${POSTGRES_USER:-postgres}
base=${POSTGRES_DB:-$user}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    secret=$(mktemp)
    printf '%s' "$POSTGRES_PASSWORD" >"$secret"
    initdb --username="$user" --pwfile="$secret" --auth-local=trust --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 "$PGDATA" >/dev/null
    rm "$secret"
    printf 'host all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    # Not where others could reach it while it is half made.
    pg_ctl -s -w -o "-c listen_addresses= -c unix_socket_directories=/tmp" start
    own() { psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 -h /tmp -U "$user" "$@"; }
    [ "$base" = postgres ] || own -d postgres -c "CREATE DATABASE \"$base\""
    for file in /docker-entrypoint-initdb.d/*.sql; do
        [ ! -f "$file" ] || own -d "$base" -f "$file"
    done
    pg_ctl -s -w -m fast stop
fi
exec postgres -c listen_addresses='*' -c jit=off "$@"
