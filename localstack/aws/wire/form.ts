// The form body of the query and EC2 protocols: `a.b.1.c=x` pairs for a tree.
import { AwsError, type Input } from '../service.ts';

type Node = { value: string | undefined; readonly children: Map<string, Node> };

const maxDepth = 16;

function tree(form: URLSearchParams): Node {
  const root: Node = { value: undefined, children: new Map() };
  for (const [name, value] of form) {
    const steps = name.split('.');
    if (steps.length > maxDepth) throw new AwsError('MalformedInput', `Parameter ${name} is nested too deep`);
    let node = root;
    for (const step of steps) {
      const child = node.children.get(step) ?? { value: undefined, children: new Map() };
      node.children.set(step, child);
      node = child;
    }
    node.value = value;
  }
  return root;
}

const isIndex = (key: string) => /^[0-9]{1,6}$/.test(key);

function listOf(entries: Map<string, Node>, decode: (node: Node) => unknown): unknown[] {
  return [...entries].toSorted(([a], [b]) => Number(a) - Number(b)).map(([, node]) => decode(node));
}

function record(node: Node, decode: (node: Node) => unknown): Record<string, unknown> {
  const fields: Record<string, unknown> = { __proto__: null };
  for (const [key, child] of node.children) fields[key] = decode(child);
  return fields;
}

const allIndexes = (node: Node) => node.children.size > 0 && [...node.children.keys()].every(isIndex);

function decodeQueryNode(node: Node): unknown {
  if (node.children.size === 0) return node.value;
  const members = node.children.get('member');
  if (node.children.size === 1 && members && allIndexes(members)) return listOf(members.children, decodeQueryNode);
  return record(node, decodeQueryNode);
}

function decodeEc2Node(node: Node): unknown {
  if (node.children.size === 0) return node.value;
  return allIndexes(node) ? listOf(node.children, decodeEc2Node) : record(node, decodeEc2Node);
}

/** `Listeners.member.1.Port=80` → `{ Listeners: [{ Port: '80' }] }`. An empty list arrives as an empty string. */
export function decodeQuery(form: URLSearchParams): Input {
  return record(tree(form), decodeQueryNode);
}

/** `Filter.1.Value.2=x` → `{ Filter: [{ Value: ['x'] }] }`. */
export function decodeEc2(form: URLSearchParams): Input {
  return record(tree(form), decodeEc2Node);
}
