#!/bin/sh
# The demo on a home of its own, then the probes an operator would make: health, metrics, timeline.
set -eu
cd "$(dirname "$0")/.."

. ops/own-home.sh

./flowforge daemon start
./flowforge demo
base=$(./flowforge dashboard --json | node -e 'let text = ""; process.stdin.on("data", (part) => { text += part; }).on("end", () => console.log(JSON.parse(text).dashboard))')
key=$(./flowforge key --show)

probe() { # PATH EXPECTED: the body must hold the words
  node -e '
    const [url, key, expected] = process.argv.slice(1);
    fetch(url, { headers: { authorization: `Bearer ${key}` } }).then(async (reply) => {
      const body = await reply.text();
      if (!reply.ok || !body.includes(expected)) throw new Error(`${url}: ${reply.status} without "${expected}": ${body.slice(0, 200)}`);
    }).catch((error) => { console.error(error.message); process.exitCode = 1; });
  ' "$base$1" "$key" "$2"
  echo "ok  $1"
}
probe /healthz ok
probe /readyz true
probe /metrics flowforge_
probe /timeline incident-opened
echo 'smoke passed'
