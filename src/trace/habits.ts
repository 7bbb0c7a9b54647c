/**
 * What is learned of a cloud's own ways while it is watched. It decides only where no id does.
 *
 *   which message a method's handler sends         update_device_up sends add_fdb_entries
 *   which message follows which in one handler      Service.get_by_compute_host follows ComputeNode.save
 *   what processes send of their own accord         Service.save, again and again, whatever else they work on
 */
import { Recent } from './recent.ts';

const PAIRS_MAX = 20_000;
const METHODS_MAX = 10_000;
/** Of each kind of message so many are remembered; then the older ones count half. */
const SEEN_MAX = 32;

/** A sender's cached context hides what these are sent for, so what is sent is known from the source. */
const KNOWN: readonly (readonly [sent: string, by: readonly string[]])[] = [
  // nova/compute/resource_tracker.py: every claim, and every end of one, saves the node under the tracker's own context
  [
    'ComputeNode.save',
    `build_and_run_instance terminate_instance rebuild_instance prep_resize resize_instance finish_resize confirm_resize
    revert_resize finish_revert_resize live_migration pre_live_migration check_can_live_migrate_destination
    post_live_migration_at_destination shelve_instance shelve_offload_instance unshelve_instance`.split(/\s+/),
  ],
  // neutron/plugins/ml2/drivers/l2pop/mech_driver.py, when a port has become active, or is no more
  ['add_fdb_entries', ['update_device_up', 'update_device_list', 'dhcp_ready_on_ports']],
  ['remove_fdb_entries', ['update_device_down', 'update_device_list']],
  // neutron/agent/dhcp/agent.py: a queue stands between the cast and the work
  [
    'get_ports',
    `port_create_end port_update_end port_delete_end subnet_create_end subnet_update_end network_create_end
    network_update_end`.split(/\s+/),
  ],
];

interface Seen {
  alone: number;
  beside: number;
}

export class Habits {
  readonly #sent = new Recent<string, true>(PAIRS_MAX);
  readonly #follows = new Recent<string, true>(PAIRS_MAX);
  readonly #seen = new Recent<string, Seen>(METHODS_MAX);

  constructor() {
    for (const [sent, methods] of KNOWN) for (const method of methods) this.#sent.set(`${method} ${sent}`, true);
  }

  /** A handler of one method surely sent this; before it, `last` ('' for nothing). */
  note(handled: string, last: string, sent: string): void {
    const pair = `${handled} ${sent}`;
    if (!this.#sent.has(pair)) this.#sent.set(pair, true);
    const step = `${handled} ${last} ${sent}`;
    if (!this.#follows.has(step)) this.#follows.set(step, true);
  }

  hasSent(handled: string, sent: string): boolean {
    return this.#sent.has(`${handled} ${sent}`);
  }

  hasFollowed(handled: string, last: string, sent: string): boolean {
    return this.#follows.has(`${handled} ${last} ${sent}`);
  }

  /**
   * A message that no id ties to its sender's work was sent, beside some work or with none to be sent for.
   * @returns true where its like is sent beside work as often as without.
   */
  isOfWork(method: string, isBeside: boolean): boolean {
    const seen = this.#seen.get(method) ?? { alone: 0, beside: 0 };
    if (seen.alone + seen.beside === 0) this.#seen.set(method, seen);
    if (isBeside) seen.beside++;
    else seen.alone++;
    if (seen.alone + seen.beside > SEEN_MAX) {
      seen.alone /= 2;
      seen.beside /= 2;
    }
    return isBeside && seen.beside >= seen.alone;
  }
}
