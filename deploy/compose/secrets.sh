#!/bin/sh
# Makes the passwords of deploy/compose.yaml, where there are none yet: deploy/compose/secrets.sh
# The folder is for its owner alone; the files in it can be read by whoever they are mounted for, whatever his number.
set -eu
umask 077
folder=$(cd "$(dirname "$0")" && pwd)/secrets
mkdir -p "$folder"
cd "$folder"

password() {
  [ -s "$1" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$1"
  cat "$1"
}

rabbitmq=$(password rabbitmq-password)
printf 'default_user = oslotap\ndefault_pass = %s\n' "$rabbitmq" > rabbitmq-user.conf
clickhouse=$(password clickhouse-password)
hash=$(printf %s "$clickhouse" | sha256sum | cut -d ' ' -f 1)
cat > clickhouse-user.xml <<XML
<clickhouse>
  <users>
    <default remove="remove"/>
    <oslotap>
      <password_sha256_hex>$hash</password_sha256_hex>
      <profile>default</profile>
      <quota>default</quota>
      <networks><ip>::/0</ip></networks>
    </oslotap>
  </users>
</clickhouse>
XML
password grafana-password > /dev/null
chmod 0644 ./*
echo "passwords are in $folder; Grafana's user is admin, RabbitMQ's oslotap"
