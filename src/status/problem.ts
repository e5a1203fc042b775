import type { Problem as AwsProblem } from '../aws/problem.ts';
import type { Problem as ApiProblem } from '../gateway/problem.ts';

/** Everything that can be wrong, whoever finds it. */
export type Problem = ApiProblem | AwsProblem;
