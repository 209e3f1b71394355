#!/bin/sh
# Boots Neuron on QEMU's virt machine: SMP=1..4 harts (default 4), the disk image build/pkgfs.img on virtio-blk.
#
# QEMU gets, besides the kernel and the device tree of the run:
#   -smp $SMP -global virtio-mmio.force-legacy=false
#   -drive if=none,id=pkgfs,format=raw,readonly=on,file=build/pkgfs.img
#   -device virtio-blk-device,drive=pkgfs,bus=virtio-mmio-bus.0
# tools/boot/machines/qemu.ts has the whole command line; further arguments go to ./nx boot (see ./nx boot --help).
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
exec "$root/nx" boot --machine qemu --smp "${SMP:-4}" "$@"
