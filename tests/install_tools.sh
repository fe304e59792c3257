#!/usr/bin/env bash
# Installs the Debian packages that the tests need, or those named, where that is allowed; otherwise says which are missing.
set -eu

packages=("$@")
# A real ASP.NET farm; the node's C#, compiled and run on Mono and, under Wine, on Windows' own .NET; HTML reports in a browser; promtool; Kerberos for what stands in for the image; systemd, which runs units.
[ $# -gt 0 ] || packages=(mono-fastcgi-server4 nginx-light mono-mcs mono-runtime mono-devel wine wine64 xz-utils chromium prometheus libkrb5-dev systemd util-linux)

missing=()
for package in "${packages[@]}"; do
  dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]}"
  apt-get update --quiet=2
  DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "missing: ${missing[*]}; as root: apt-get update && apt-get install ${missing[*]}" >&2
fi
