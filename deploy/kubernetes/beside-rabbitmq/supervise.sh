#!/bin/sh
# Keeps oslotap running beside RabbitMQ, whatever becomes of it: where a container of a pod is down, the whole pod is not ready,
# and RabbitMQ would leave its Service for a sidecar's sake. So this one stays, and starts oslotap again.
#   supervise.sh [SECONDS between an end and the next start, 10]
pause_s=${1:-10}
failures_max=20
url=http://127.0.0.1:9718/healthz
pid=

end() {
  trap '' TERM INT
  kill -TERM "$pid" 2> /dev/null && wait "$pid"
  exit 0
}
trap end TERM INT

# What a liveness probe would do: five minutes without an answer, and it is killed. Nothing is lost by that.
watch_over() {
  failures=0
  while sleep 15; do
    if node -e "fetch('$url').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"; then failures=0; else failures=$((failures + 1)); fi
    [ "$failures" -lt "$failures_max" ] || kill -KILL "$1"
  done
}

while :; do
  oslotap run &
  pid=$!
  watch_over "$pid" &
  watcher=$!
  wait "$pid"
  code=$?
  kill "$watcher" 2> /dev/null
  echo "supervise.sh: oslotap ended with $code, starting it again in $pause_s s" >&2
  sleep "$pause_s" &
  pid=$!
  wait "$pid"
done
