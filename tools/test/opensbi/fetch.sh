#!/bin/sh
# Fetches newer OpenSBI than Debian 12 has, from Debian's later releases, into build/opensbi/<release>/fw_dynamic.bin.
#
# The script has its own list of sources, with the mirror that the machine uses, so it changes nothing on the machine.
# apt checks the signatures as always. Each release is less than a megabyte, and is fetched only once.
set -eu
cd "$(dirname "$0")/../../.."

releases="trixie sid"
mkdir -p build/opensbi
work=$(mktemp -d "$PWD/build/opensbi/fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
  grep -v security | sort -u | head -n 1)

for release in $releases; do
  target=build/opensbi/$release
  if [ -d "$target" ]; then continue; fi
  mkdir -p "$work/$release/lists/partial" "$work/$release/out"
  echo "deb $mirror $release main" >"$work/$release/sources.list"
  own="-o Dir::Etc::SourceList=$work/$release/sources.list -o Dir::Etc::SourceParts=- -o Dir::State::Lists=$work/$release/lists"
  # apt's own user for downloads may not write here.
  own="$own -o Dir::Cache=$work/$release -o APT::Sandbox::User=root"
  # shellcheck disable=SC2086 # one word an option
  apt-get $own update -q
  # shellcheck disable=SC2086
  (cd "$work/$release" && apt-get $own download -q opensbi && dpkg-deb --fsys-tarfile opensbi_*.deb >opensbi.tar)
  tar -xf "$work/$release/opensbi.tar" -C "$work/$release/out" --strip-components=6 \
    ./usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin
  # The folder appears whole or not at all, also when two runs fetch at the same time.
  mv "$work/$release/out" "$target"
  echo "$(cd "$work/$release" && echo opensbi_*.deb) in $target"
done
