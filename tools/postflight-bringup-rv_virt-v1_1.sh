#!/bin/sh
# Postflight of the bring-up on QEMU virt: the checks before a build is handed on. It boots every combination that the
# contract names and runs the diagnostics. scripts/qemu-test.markers and the proofs judge each run. It ends with 0
# and `postflight: ok`, or stops at the first run that fails, and names it.
#
#   tools/postflight-bringup-rv_virt-v1_1.sh
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A run prints one line when it passes, and its whole output when it fails.
run() {
  if "$root/nx" "$@" </dev/null >"$log" 2>&1; then
    printf 'ok      ./nx %s\n' "$*"
  else
    printf 'FAILED  ./nx %s\n' "$*"
    cat "$log"
    exit 1
  fi
}

run build
for smp in 1 2 3 4; do
  run boot --machine qemu --smp "$smp"
  run boot --machine qemu --smp "$smp" --no-disk
done
run boot --machine qemu --legacy
run boot --machine qemu --slot last --legacy
run boot --machine qemu --no-sstc
run boot --machine qemu --aclint
run boot --machine qemu --qemu-tree
run boot --machine qemu --profile production
run hw smp --machine qemu --json
run hw vblk info --machine qemu --json
run image verify
echo 'postflight: ok'
