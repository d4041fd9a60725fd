#!/usr/bin/env bash
# Runs a test command against Debian's PostgreSQL 15 and Redis: private instances in a temporary folder, reached by
# Unix socket only, stopped at the end however it ends. Nothing that runs on this machine already is touched.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: $0 COMMAND…" >&2; exit 2; }

pg_bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
if [ -z "$pg_bin" ] || ! command -v redis-server >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || {
    echo "Needs Debian's servers: sudo apt-get install postgresql-15 redis-server" >&2; exit 1; }
  # The packages would start servers of their own, which nobody asked for.
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15 redis-server >/dev/null
  pg_bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  if [ "$(trap -p EXIT)" ]; then rm -f /usr/sbin/policy-rc.d; trap - EXIT; fi
fi

folder=$(mktemp -d /tmp/mammogram-viewer-external.XXXXXX)
postgres_pid=""; redis_pid=""
finish() {
  status=$?
  trap - EXIT INT TERM
  [ -z "$postgres_pid" ] || { kill -INT "$postgres_pid" 2>/dev/null || true; wait "$postgres_pid" 2>/dev/null || true; }
  [ -z "$redis_pid" ] || { kill "$redis_pid" 2>/dev/null || true; wait "$redis_pid" 2>/dev/null || true; }
  rm -rf "$folder"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

# PostgreSQL refuses root: its package brings an account.
as_owner=()
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  as_owner=(setpriv --reuid postgres --regid postgres --clear-groups)
fi
cd "$folder"
"${as_owner[@]}" "$pg_bin/initdb" -D "$folder/data" -A trust -E UTF8 --locale=C.UTF-8 -U mammogram_viewer >/dev/null
"${as_owner[@]}" "$pg_bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off \
  -c max_connections=100 >"$folder/postgres.log" 2>&1 &
postgres_pid=$!
redis-server --port 0 --unixsocket "$folder/redis.sock" --dir "$folder" --save '' >"$folder/redis.log" 2>&1 &
redis_pid=$!
cd - >/dev/null

for _ in $(seq 100); do
  if "$pg_bin/pg_isready" -q -h "$folder" && [ "$(redis-cli -s "$folder/redis.sock" PING 2>/dev/null)" = PONG ]; then break; fi
  kill -0 "$postgres_pid" 2>/dev/null || { cat "$folder/postgres.log" >&2; exit 1; }
  kill -0 "$redis_pid" 2>/dev/null || { cat "$folder/redis.log" >&2; exit 1; }
  sleep 0.1
done

echo "Testing against $("$pg_bin/postgres" --version) and $(redis-server --version | cut -d' ' -f1-3)"
export MAMMOGRAM_VIEWER_TEST_DATABASE_URL="postgresql://mammogram_viewer@/postgres?host=$folder&port=5432"
export MAMMOGRAM_VIEWER_TEST_REDIS_URL="unix://$folder/redis.sock"
"$@"
