// IAM: decides whether a call is allowed.
import type { Input, Service } from '../service.ts';
import type { World } from '../world.ts';
import { serviceLinkedRole } from './behind.ts';
import type { Call } from './call.ts';
import { accessDenied } from './denied.ts';
import { type Asked, decide } from './evaluate.ts';
import { needsOf } from './needs.ts';
import { identify, type Policies } from './principal.ts';
import { type IamReport, Usage } from './usage.ts';

interface Request {
  readonly service: Service;
  readonly action: string;
  readonly input: Input;
  readonly world: World;
  /** The caller's ARN, as in STS. */
  readonly principal: string;
}

export class Iam {
  readonly #policies: Policies;
  readonly #usage: Usage;
  #hasServiceLinkedRole = false;

  constructor(policies: Policies) {
    this.#policies = policies;
    this.#usage = new Usage(policies);
  }

  /** Throws the service's own error if the call is not allowed. */
  authorize({ service, action, input, world, principal }: Request): void {
    const { arn, policy } = identify(this.#policies, principal);
    if (policy === undefined || Object.keys(this.#policies).length === 0) return;
    const caller = new Map([['aws:principalarn', [arn]]]);
    for (const asked of this.#needs(service.name, { world, action, input })) {
      const decision = decide(policy, { ...asked, context: new Map([...asked.context, ...caller]) });
      if (decision.kind === 'denied') {
        this.#usage.denied(principal, asked);
        throw accessDenied(service.protocol, principal, asked, decision.isExplicit);
      }
      this.#usage.allowed(policy, asked, decision.by);
    }
    if (bringsRole(service.name, action)) this.#hasServiceLinkedRole = true;
  }

  #needs(service: string, call: Call): readonly Asked[] {
    const needs = needsOf(service, call);
    return bringsRole(service, call.action) && !this.#hasServiceLinkedRole
      ? [...needs, ...serviceLinkedRole(call)]
      : needs;
  }

  report(): IamReport {
    return this.#usage.report();
  }

  /** Clears the usage, and keeps the policies. */
  reset(): void {
    this.#usage.clear();
    this.#hasServiceLinkedRole = false;
  }
}

/** The call that creates the service-linked role, if the account lacks the role. */
function bringsRole(service: string, action: string): boolean {
  return service === 'elasticloadbalancing' && action === 'CreateLoadBalancer';
}
