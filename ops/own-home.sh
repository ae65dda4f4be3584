# Sourced: a daemon in a home of its own, which ends and goes with this script.
FLOWFORGE_HOME=$(mktemp -d)
FLOWFORGE_PORT=0
export FLOWFORGE_HOME FLOWFORGE_PORT
finish() {
  ./flowforge daemon stop --jobs >/dev/null 2>&1 || true
  rm -rf "$FLOWFORGE_HOME"
}
trap finish EXIT
trap 'exit 130' INT TERM
