#!/bin/sh
# Starts the daemon again when it dies without being asked, so that jobs are never left unguarded silently.
# usage: keeper.sh NODE DAEMON_ENTRY LOG_FILE
# Exit code 0 of the daemon: it was asked to stop. 75: another daemon guards this home. 78: its settings are wrong.
# All three end the keeper; anything else is a death.
node=$1 entry=$2 log=$3
umask 077
trap '' HUP PIPE
daemon= asked=
stop() {
  asked=yes
  [ -n "$daemon" ] && kill -TERM "$daemon" 2>/dev/null
}
trap stop TERM INT

delay=0
while :; do
  # One old log is kept; a daemon that dies over and over must not fill the disk.
  if [ -f "$log" ] && [ "$(wc -c <"$log")" -gt 5000000 ]; then mv -f "$log" "$log.1"; fi
  began=$(date +%s)
  # Without source maps, which each of five threads would hold for all of its modules. Five small heaps: threads that help
  # to collect them cost more than they bring, most of all on a busy machine. Optimised for size, each is collected
  # after little growth: otherwise the daemon grows for minutes on end, as if it leaked.
  "$node" --optimize-for-size --max-semi-space-size=4 --single-threaded-gc "$entry" </dev/null >>"$log" 2>&1 &
  daemon=$!
  wait "$daemon"
  code=$?
  # A trapped signal ends `wait` early: wait for the daemon itself.
  while kill -0 "$daemon" 2>/dev/null; do
    wait "$daemon"
    code=$?
  done
  daemon=
  case $code in 0 | 75 | 78) exit "$code" ;; esac
  # The keeper itself was told to end, or the home was removed: nothing is left to guard from here.
  if [ -n "$asked" ] || ! [ -d "${log%/*}" ]; then exit "$code"; fi
  # Back off while it dies young: at once, then 1, 2, 4 … 30 seconds.
  if [ $(($(date +%s) - began)) -ge 30 ]; then delay=0; fi
  printf '{"level":"error","msg":"the daemon ended with code %s; starting it again in %s s"}\n' "$code" "$delay" >>"$log"
  sleep "$delay"
  delay=$((delay == 0 ? 1 : delay * 2))
  [ "$delay" -gt 30 ] && delay=30
  FLOWFORGE_AFTER=crash
  export FLOWFORGE_AFTER
done
