// An ALB's answer to a request, computed from the rules of a Gateway's listener in AWS.

import type { Rule } from '../../../localstack/aws/elbv2/state.ts';
import { firstMatch } from '../../../src/aws/model/testing/reference-alb.ts';
import { fromCondition } from '../../../src/aws/shapes.ts';
import { awsOf } from './aws.ts';
import type { Rig } from './gatehouse.ts';

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The listener's port; default: 80. */
  readonly port?: number;
}

/**
 * @param gateway `NAMESPACE/NAME`
 * @param url `HOST[:PORT]/PATH[?QUERY]`, as the request has it
 * @returns the action of the first matching rule, in the words of support/rule-words.ts; `answer 404` if none matches
 */
export function answerTo(rig: Rig, gateway: string, url: string, options: RequestOptions = {}): string {
  const { method = 'GET', headers = {}, port = 80 } = options;
  const listener = awsOf(rig, gateway).listeners.find((view) => view.listener.port === port);
  if (listener === undefined) return 'no listener';
  const slash = url.indexOf('/');
  const [path = '/', query = ''] = url.slice(slash).split('?');
  const rules = listener.words.map((words, index) => ({
    words,
    conditions: conditionsOf(listener.rules[index]),
  }));
  const request = {
    method,
    host: url.slice(0, slash),
    path,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    query: [...new URLSearchParams(query)],
  };
  return firstMatch(rules, request)?.words.split(' -> ')[1] ?? 'answer 404';
}

/** In the format of the wire. */
const conditionsOf = (rule: Rule | undefined) =>
  (rule?.conditions ?? []).flatMap((condition) => fromCondition(JSON.parse(JSON.stringify(condition))) ?? []);
