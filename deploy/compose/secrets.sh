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

hash() {
  password "$1" | sha256sum | cut -d ' ' -f 1
}

rabbitmq=$(password rabbitmq-password)
printf 'default_user = oslotap\ndefault_pass = %s\n' "$rabbitmq" > rabbitmq-user.conf
oslotap=$(hash clickhouse-password)
grafana=$(hash clickhouse-grafana-password)
cat > clickhouse-users.xml <<XML
<clickhouse>
  <profiles>
    <!-- Reads; and sets what a reader sets, as Grafana's time-out. -->
    <oslotap_reader>
      <readonly>2</readonly>
      <max_execution_time>60</max_execution_time>
      <max_memory_usage>2000000000</max_memory_usage>
    </oslotap_reader>
  </profiles>
  <users>
    <default remove="remove"/>
    <oslotap>
      <password_sha256_hex>$oslotap</password_sha256_hex>
      <profile>default</profile>
      <quota>default</quota>
      <networks><ip>::/0</ip></networks>
    </oslotap>
    <grafana>
      <password_sha256_hex>$grafana</password_sha256_hex>
      <profile>oslotap_reader</profile>
      <quota>default</quota>
      <networks><ip>::/0</ip></networks>
      <grants>
        <query>GRANT SELECT ON default.*</query>
      </grants>
    </grafana>
  </users>
</clickhouse>
XML
password grafana-password > /dev/null
chmod 0644 ./*
echo "passwords are in $folder; Grafana's user is admin, RabbitMQ's oslotap"
