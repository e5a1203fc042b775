// Everything that AWS finds wrong, as data. Whoever finds a problem says what and where, and never in words.
import type { CloudProblem } from './cloud-problem.ts';
import type { ListenerProblem } from './listener-problem.ts';
import type { RuleProblem } from './rule-problem.ts';

export type Problem = CloudProblem | ListenerProblem | RuleProblem;
