/** One request as a sequence diagram in Mermaid, which GitHub, GitLab and many wikis draw. */
import { httpName } from '../queries/paths.ts';
import type { MessageDetail, TraceSummary } from '../queries/traces.ts';
import { duration, place } from './format.ts';
import { mermaidText } from './report-text.ts';

/** Mermaid draws no more (`maxTextSize`), and neither do GitHub and GitLab. Characters. */
const TEXT_LENGTH_MAX = 50_000;
/** For the line that says what is left out. */
const RESERVED_LENGTH = 200;

/** The same request gives the same text. Notifications are left out, but for audited HTTP requests; the title says how many. */
export function renderMermaid(summary: TraceSummary, messages: readonly MessageDetail[]): string {
  const participants = new Participants();
  const steps = collapsed(stepsOf(messages, participants));
  const head = ['sequenceDiagram', `  title ${titleOf(summary, messages)}`];
  const all = [...head, ...participants.lines, ...steps.map(lineOf)];
  const shown = withinLength(all, TEXT_LENGTH_MAX - RESERVED_LENGTH);
  const leftOut = all.length - shown.length;
  const note = leftOut === 0 ? [] : [`  Note over p1: ${leftOut} more are left out`];
  return [...shown, ...note, ''].join('\n');
}

/** One arrow or note: what it says, and when. */
interface Step {
  readonly at: string;
  /** All but the words: `p1->>p2`. */
  readonly form: string;
  readonly words: string;
  readonly tookMs: number | null;
  readonly times: number;
}

class Participants {
  readonly #ids = new Map<string, string>();

  get lines(): string[] {
    return [...this.#ids].map(([name, id]) => `  participant ${id} as ${mermaidText(name)}`);
  }

  idOf(who: { readonly service: string; readonly host: string }): string {
    const name = place(who) || '?';
    const id = this.#ids.get(name) ?? `p${this.#ids.size + 1}`;
    this.#ids.set(name, id);
    return id;
  }
}

function titleOf(
  { operation, request_id, trace_id, counts, duration_ms }: TraceSummary,
  messages: readonly MessageDetail[],
): string {
  const { calls, casts, fanouts, replies } = counts;
  const hidden = messages.filter((message) => message.kind === 'notification' && !isHttpRequest(message)).length;
  const sums = `${calls} calls, ${casts} casts, ${fanouts} fanouts, ${replies} replies, ${hidden} notifications not drawn`;
  return mermaidText(`${operation} ${request_id ?? trace_id}: ${duration(duration_ms)}, ${sums}`);
}

function stepsOf(messages: readonly MessageDetail[], participants: Participants): Step[] {
  const steps = messages.flatMap((message) => stepsOfOne(message, participants));
  return steps.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function stepsOfOne(message: MessageDetail, participants: Participants): Step[] {
  const { kind, from, to, published_at: at } = message;
  if (kind === 'notification' && !isHttpRequest(message)) return [];
  const sender = participants.idOf(from);
  const words = message.object ?? message.method;
  const step = (form: string, text: string): Step => ({ at, form, words: text, tookMs: null, times: 1 });
  if (kind === 'notification') return [step(`Note over ${sender}`, `HTTP ${httpName(message.http_action, message.http_path)}`)];
  if (to.length === 0) return [step(`Note over ${sender}`, `${kind} ${words}: delivered to nobody`)];
  const arrow = kind === 'call' ? '->>' : '-)';
  const sent = to.map((receiver) => step(`${sender}${arrow}${participants.idOf(receiver)}`, words));
  return [...sent, ...replyOf(message, sender, participants)];
}

/** Of a call that was given to several (redelivered), the last one answered. */
function replyOf(message: MessageDetail, sender: string, participants: Participants): Step[] {
  const { kind, to, replied_at, duration_ms, failure } = message;
  const last = to.at(-1);
  if (kind !== 'call' || replied_at === null || last === undefined) return [];
  const form = `${participants.idOf(last)}${failure === null ? '-->>' : '--x'}${sender}`;
  return [{ at: replied_at, form, words: failure ?? '', tookMs: duration_ms, times: 1 }];
}

/** What is the same several times in a row is one line. */
function collapsed(steps: readonly Step[]): Step[] {
  const lines: Step[] = [];
  for (const step of steps) {
    const last = lines.at(-1);
    if (
      last !== undefined &&
      last.form === step.form &&
      last.words === step.words &&
      last.tookMs === null &&
      step.tookMs === null
    ) {
      lines[lines.length - 1] = { ...last, times: last.times + 1 };
    } else lines.push(step);
  }
  return lines;
}

function lineOf({ form, words, tookMs, times }: Step): string {
  const took = tookMs === null ? '' : duration(tookMs);
  const text = [words, took, times > 1 ? `×${times}` : ''].filter((part) => part !== '').join(' ');
  return `  ${form}: ${mermaidText(text) || '?'}`;
}

function isHttpRequest({ http_path, http_status }: MessageDetail): boolean {
  return http_path !== '' && http_status === 0;
}

function withinLength(lines: readonly string[], lengthMax: number): string[] {
  let length = 0;
  const beyond = lines.findIndex((line) => {
    length += line.length + 1;
    return length > lengthMax;
  });
  return beyond < 0 ? [...lines] : lines.slice(0, beyond);
}
