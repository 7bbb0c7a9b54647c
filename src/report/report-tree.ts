/** A request's messages as a tree: each below the one whose handler sent it, and an HTTP request together with its answer. */
import type { MessageDetail } from '../queries/traces.ts';

export interface TreeNode {
  readonly message: MessageDetail;
  readonly children: TreeNode[];
  /** Of an audited HTTP request: the message that tells of its answer. */
  readonly answer: MessageDetail | null;
}

/** @param messages of one trace, oldest first. @returns those without a parent among them, in the same order. */
export function treeOf(messages: readonly MessageDetail[]): TreeNode[] {
  const answers = answersOf(messages);
  const answering = new Set(answers.values());
  const shown = messages.filter((message) => !answering.has(message));
  const nodes = new Map(
    shown.map((message) => [message.unique_id, { message, children: [] as TreeNode[], answer: answers.get(message) ?? null }]),
  );
  const top: TreeNode[] = [];
  for (const node of nodes.values()) {
    const parent = nodes.get(node.message.parent_unique_id ?? '');
    (parent?.children ?? top).push(node);
  }
  return top;
}

/** What the audit filter tells of an HTTP request's answer, by what it told of its coming. */
function answersOf(messages: readonly MessageDetail[]): Map<MessageDetail, MessageDetail> {
  const answers = new Map<MessageDetail, MessageDetail>();
  const open = new Map<string, MessageDetail>();
  for (const message of messages) {
    const { http_path, http_status, request_id, from } = message;
    if (http_path === '') continue;
    const key = `${from.process} ${request_id} ${http_path}`;
    const asked = open.get(key);
    if (http_status === 0) open.set(key, message);
    else if (asked !== undefined) {
      answers.set(asked, message);
      open.delete(key);
    }
  }
  return answers;
}
