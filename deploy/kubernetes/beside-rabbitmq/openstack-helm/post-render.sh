#!/bin/sh
# Helm's post-renderer for openstack-helm's rabbitmq chart: adds oslotap to its pods.
#   helm upgrade --install rabbitmq openstack-helm/rabbitmq --namespace openstack --post-renderer ./post-render.sh …
set -eu
from=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$from/kustomization.yaml" "$from/stateful-set.yaml" "$work"
cat > "$work/rendered.yaml"
kubectl kustomize "$work"
