#!/bin/sh
# Puts the WebAssembly specification's tests, as Debian's source package `binaryen` has them, into build/wast/spec.
#
# Source packages are off by default. They are asked for through a list of sources of this script's own, made from the
# machine's, so nothing on the machine is changed; apt checks the signatures as always. Some 14 MB, and only once.
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
# The user that apt downloads as may not write here.
own="$own -o APT::Sandbox::User=root"
# shellcheck disable=SC2086 # one word an option
apt-get $own update -q
# shellcheck disable=SC2086
(cd "$work" && apt-get $own source --download-only -q binaryen)

mkdir "$work/spec"
tar -xf "$work"/binaryen_*.orig.tar.* -C "$work/spec" --strip-components=3 --wildcards '*/test/spec/*.wast'
# Whole or not at all, also when two runs fetch at the same time.
mv "$work/spec" "$target"
echo "$(ls "$target" | wc -l) files of tests in $target"
