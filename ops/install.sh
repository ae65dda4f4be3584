#!/bin/sh
# One command from a fresh clone to a guarded machine: dependencies, build, key, daemon, demo, dashboard.
# usage: ops/install.sh [--open-browser] [--no-services] [--no-demo]
set -eu

usage() {
  sed -n '2,3s/^# //p' "$0"
}

open_browser=no services=yes demo=yes
for option in "$@"; do
  case $option in
    --open-browser) open_browser=yes ;;
    --no-services) services=no ;;
    --no-demo) demo=no ;;
    -h | --help) usage && exit 0 ;;
    *)
      echo "install.sh: unknown option $option" >&2
      usage >&2
      exit 2
      ;;
  esac
done

cd "$(dirname "$0")/.."
root=$(pwd -P)

step() { # TITLE COMMAND...: says what begins and how long it took
  title=$1
  shift
  echo "==> $title"
  began=$(date +%s)
  "$@" || {
    code=$?
    echo "==> $title FAILED (code $code). Mend what is named above, then run ops/install.sh again: what is done is kept." >&2
    exit "$code"
  }
  echo "    $(($(date +%s) - began)) s"
}

command -v node >/dev/null 2>&1 || {
  echo 'install.sh: Node 20.19 or newer is needed: https://nodejs.org or your package manager' >&2
  exit 1
}
step 'dependencies and build (the SQLite addon takes minutes the first time)' node ops/ensure.mjs
step 'API key in .flowforge.env' ./flowforge key
[ "$services" = no ] || step 'daemon' ./flowforge daemon start
[ "$demo" = no ] || step 'demo' ./flowforge demo
if [ "$services" = yes ]; then
  if [ "$open_browser" = yes ]; then
    step 'dashboard' ./flowforge dashboard --open
  else
    step 'dashboard' ./flowforge dashboard
  fi
fi

echo
echo "Installed in $root."
if [ "$services" = yes ]; then
  ./flowforge daemon status
else
  echo 'Nothing runs; the next flowforge command that needs the daemon starts it.'
fi
echo 'Next:'
echo '  ./flowforge run -- python3 your_script.py    guard a command of yours'
echo '  ./flowforge ps                               see what runs'
echo '  ./flowforge dashboard --open                 watch it in a browser'
