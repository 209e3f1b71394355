#!/bin/sh
# The marker contract, checked: boots on QEMU and ends with 0 only if the console shows every line that
# scripts/qemu-test.markers owes for this run, in order, and every proof holds. The first one missing is named.
#
#   SMP=2 scripts/qemu-test.sh           two harts
#   scripts/qemu-test.sh --no-disk       further arguments go to ./nx boot (see ./nx boot --help)
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
exec "$root/nx" boot --machine qemu --smp "${SMP:-4}" "$@" </dev/null
