// All problems of the AWS provider, as data. The code that finds a problem says what and where; words.ts writes the message.
import type { Problem as GatewayProblem } from '../gateway/problem.ts';
import type { CloudProblem } from './cloud-problem.ts';
import type { ListenerProblem } from './listener-problem.ts';
import type { RuleProblem } from './rule-problem.ts';

export type AwsProblem = CloudProblem | ListenerProblem | RuleProblem;

/** All problems in the pass of a Gateway: those of the Gateway API's rules, and AWS's. */
export type Problem = GatewayProblem | AwsProblem;
