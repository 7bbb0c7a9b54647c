#!/bin/sh
# The firehose on, or off, on every running node of RabbitMQ's cluster. Run it where rabbitmqctl works: on a node, as root or rabbitmq.
#   arm.sh on|off [VHOST…]      vhosts: / unless named
# A node that restarts has lost its firehose: run it again. With Docker: docker exec -i rabbitmq sh -s on < arm.sh
set -eu

case "${1:-}" in
  on) command=trace_on ;;
  off) command=trace_off ;;
  *) echo 'usage: arm.sh on|off [VHOST...]' >&2; exit 2 ;;
esac
shift
[ $# -gt 0 ] || set -- /

# [rabbit@ctl1,'rabbit@ctl-2'] → a name a line
nodes=$(rabbitmqctl -q eval '[node() | nodes()].' | tr -d "[]' \n" | tr ',' '\n')
failed=0
# rabbitmqctl says that it traces a vhost, whether there is one or not.
for vhost in "$@"; do
  rabbitmqctl -q list_vhosts name --no-table-headers | grep -qxF -- "$vhost" || { echo "arm.sh: there is no vhost '$vhost'" >&2; exit 1; }
done
for node in $nodes; do
  for vhost in "$@"; do
    rabbitmqctl -q -n "$node" "$command" -p "$vhost" || failed=1
  done
done
exit $failed
