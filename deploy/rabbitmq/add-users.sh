#!/bin/sh
# Makes the users that oslotap needs. Run it where rabbitmqctl works; passwords come from files, and are on no command line.
#   add-users.sh AMQP_PASSWORD_FILE [ARM_PASSWORD_FILE] [VHOST…]      vhosts: / unless named; '' for no ARM_PASSWORD_FILE
# oslotap        taps: reads the firehose, owns queues named oslotap.…, sees figures (monitoring)
# oslotap-arm    only where oslotap is to switch the firehose by API: RabbitMQ wants an administrator for that
set -eu

[ $# -gt 0 ] || { echo 'usage: add-users.sh AMQP_PASSWORD_FILE [ARM_PASSWORD_FILE] [VHOST...]' >&2; exit 2; }
amqp_password_file=$1
arm_password_file=${2:-}
shift
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- /

add() {
  # Where there is such a user already, its password is set.
  if rabbitmqctl -q list_users --no-table-headers | cut -f 1 | grep -qx "$1"; then verb=change_password; else verb=add_user; fi
  rabbitmqctl -q "$verb" "$1" < "$2" > /dev/null
}

add oslotap "$amqp_password_file"
rabbitmqctl -q set_user_tags oslotap monitoring
for vhost in "$@"; do
  rabbitmqctl -q set_permissions -p "$vhost" oslotap '^oslotap\.' '^(oslotap\..*|amq\.default)$' '^(oslotap\..*|amq\.rabbitmq\.trace)$'
done
[ -n "$arm_password_file" ] || exit 0
add oslotap-arm "$arm_password_file"
rabbitmqctl -q set_user_tags oslotap-arm administrator
for vhost in "$@"; do
  rabbitmqctl -q set_permissions -p "$vhost" oslotap-arm '' '' '.*'
done
