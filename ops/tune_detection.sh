#!/bin/sh
# usage: ops/tune_detection.sh [FILE]
# Runs a runaway and a bursty worker, for real, under CPU thresholds of 30, 40, 50 and 60 % of a core, and writes what was
# told of and what was stopped as a table. SECONDS_EACH=25 is how long the bursty worker lives.
set -eu
cd "$(dirname "$0")/.."

out=${1:-$(mktemp "${TMPDIR:-/tmp}/flowforge-tuning.XXXXXX")}
seconds=${SECONDS_EACH:-25}
. ops/own-home.sh

./flowforge daemon start >/dev/null

row() { # NAME WORKER THRESHOLD CODE BEGAN
  ./flowforge incidents --json | node -e '
    let text = "";
    process.stdin.on("data", (part) => { text += part; }).on("end", () => {
      const [name, worker, threshold, code, began] = process.argv.slice(1);
      const own = JSON.parse(text).filter((one) => one.name === name && one.rule === "cpu-and-repeating");
      const told = own.length === 0 ? "no" : `after ${((Math.min(...own.map((one) => one.openedAtMs)) - Number(began)) / 1000).toFixed(1)} s`;
      const stopped = code === "124" ? "yes" : "no";
      console.log(`| ${worker} | ${threshold} % | ${told} | ${stopped} |`);
    });
  ' "$1" "$2" "$3" "$4" "$5"
}

{
  echo '| worker | CPU threshold | told of | stopped |'
  echo '|---|---|---|---|'
} >"$out"
for threshold in 30 40 50 60; do
  for worker in infinite_looper bursty_worker; do
    name="$worker-$threshold"
    began=$(node -p 'Date.now()')
    code=0
    ./flowforge run --policy standard --max-cpu "$threshold" --name "$name" -- \
      python3 "fixtures/scripts/$worker.py" --timeout "$seconds" >/dev/null 2>"$FLOWFORGE_HOME/said" || code=$?
    case $code in
      0 | 124) ;;
      *)
        cat "$FLOWFORGE_HOME/said" >&2
        exit 1
        ;;
    esac
    row "$name" "$worker" "$threshold" "$code" "$began" | tee -a "$out"
  done
done
echo "the table is in $out"
