#!/bin/sh
# Says whether a container of the application has what it needs:
#
#     dmfab script inventories/lab.yaml shop.app_server.instance1 examples/shop/smoke.sh --hosts apps1

set -eu

echo "as user $(id -u)"
[ "${1:-}" = --fast ] || ls -la /
echo "it has what it needs"
