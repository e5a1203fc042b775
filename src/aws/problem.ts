// Everything that AWS finds wrong, as data. Whoever finds a problem says what and where, and never in words.
import type { Problem as GatewayProblem } from '../gateway/problem.ts';
import type { CloudProblem } from './cloud-problem.ts';
import type { ListenerProblem } from './listener-problem.ts';
import type { RuleProblem } from './rule-problem.ts';

export type AwsProblem = CloudProblem | ListenerProblem | RuleProblem;

/** Whoever found it: a pass over a Gateway of AWS has to do with all of them. */
export type Problem = GatewayProblem | AwsProblem;
