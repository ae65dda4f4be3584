#!/bin/sh
# The whole gate, in one command.
set -eu
cd "$(dirname "$0")/.."
exec npm test
