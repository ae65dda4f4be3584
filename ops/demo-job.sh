#!/bin/sh
# The job of `flowforge demo`: the first start loops without progress, the one after that does its work.
# usage: demo-job.sh MARKER LOOPER
if [ -e "$1" ]; then
  for step in 1 2 3 4 5; do
    echo "step $step of 5 done"
    sleep 0.2
  done
  exit 0
fi
: >"$1"
exec python3 "$2" --timeout 60
