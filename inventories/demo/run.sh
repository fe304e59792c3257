#!/usr/bin/env bash
# The main job on a farm of three sandbox nodes, step by step. Everything it makes lies in the folder FOLDER (default: demo).
# usage: run.sh [FOLDER]
set -eu
source=$(cd "$(dirname "$0")" && pwd)
demo=${1:-demo}

bold=''; plain=''
if [ -t 1 ]; then bold=$'\033[1m'; plain=$'\033[0m'; fi
say() { printf '\n%s# %s%s\n' "$bold" "$1" "$plain"; }
run() { printf '$ %s\n' "$*"; "$@"; }
expect() { # CODE COMMAND...: run a command that ends with this exit code
  local wanted=$1 code=0
  shift
  run "$@" || code=$?
  echo "exit code $code"
  [ "$code" -eq "$wanted" ] || { echo "expected exit code $wanted" >&2; exit 1; }
}

rm -rf "$demo"
mkdir -p "$demo/inventory/group_vars/portal"
cp "$source/inventory.yml" "$demo/inventory/"
inventory=$demo/inventory/inventory.yml
key=$demo/inventory/group_vars/portal/vault.yml
web_config=$demo/nodes/web2/C/inetpub/portal/web.config
(umask 077 && python3 -c 'import secrets; print(secrets.token_urlsafe(24))' > "$demo/vault-password")
ANSIBLE_VAULT_PASSWORD_FILE=$(cd "$demo" && pwd)/vault-password
export ANSIBLE_VAULT_PASSWORD_FILE

say "Three folders play three Windows nodes with IIS."
run keydeploy sandbox create "$demo"/nodes/web1 "$demo"/nodes/web2 "$demo"/nodes/web3
say "A new machine key goes straight into Ansible's vault."
echo "\$ keydeploy generate machine-key --name vault_portal --format vault > $key"
keydeploy generate machine-key --name vault_portal --format vault > "$key"
head -2 "$key"

say "Is the spec right? No node is contacted."
expect 0 keydeploy validate "$inventory"
say "What would change? Exit code 2: changes are pending."
expect 2 keydeploy plan "$inventory"
say "Do it: all nodes at one instant, or none."
expect 0 keydeploy apply "$inventory"
say "Again: nothing to do."
expect 0 keydeploy apply "$inventory"

say "Somebody edits one node by hand ..."
run sed -i 's/validation="HMACSHA256"/validation="SHA1"/' "$web_config"
say "... and the scheduled check catches it. Exit code 2: drift."
expect 2 keydeploy drift "$inventory" --report html="$demo/drift.html"
say "Apply heals it."
expect 0 keydeploy apply "$inventory"
expect 0 keydeploy drift "$inventory"
say "What an auditor sees: open $demo/drift.html in a browser."
