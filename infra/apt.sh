#!/bin/sh
# Install the Debian packages that are missing: apt.sh SUDO PACKAGE...
# Elsewhere than on Debian and its kin it only says what is needed.
set -eu
sudo=$1
shift
if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is not Debian or Ubuntu: please install the equivalents of: $*" >&2
    exit 0
fi
missing=
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "Installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
