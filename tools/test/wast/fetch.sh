#!/bin/sh
# Fetches the WebAssembly specification's tests, from Debian's source package `binaryen`, into build/wast/spec.
#
# Source packages are off by default. The script makes its own list of sources from the machine's, so it changes nothing
# on the machine. apt checks the signatures as always. It fetches some 14 MB, and only once.
set -eu
cd "$(dirname "$0")/../../.."

target=build/wast/spec
if [ -d "$target" ]; then exit 0; fi

mkdir -p build/wast
work=$(mktemp -d "$PWD/build/wast/fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial"
apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  sort -u | grep -i debian >"$work/sources.list"

own="-o Dir::Etc::SourceList=$work/sources.list -o Dir::Etc::SourceParts=- -o Dir::State::Lists=$work/lists"
# apt's own user for downloads may not write here.
own="$own -o APT::Sandbox::User=root"
# shellcheck disable=SC2086 # one word an option
apt-get $own update -q
# shellcheck disable=SC2086
(cd "$work" && apt-get $own source --download-only -q binaryen)

mkdir "$work/spec"
tar -xf "$work"/binaryen_*.orig.tar.* -C "$work/spec" --strip-components=3 --wildcards '*/test/spec/*.wast'
# The folder appears whole or not at all, also when two runs fetch at the same time.
mv "$work/spec" "$target"
echo "$(ls "$target" | wc -l) files of tests in $target"
