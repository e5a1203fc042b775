// The messages of problems with addresses: what is wrong, and what to do.
import { list, quoted, upperFirst } from '../status/phrases.ts';
import type { Objection, Taken } from './objection.ts';
import type {
  AddressPending,
  AddressRefused,
  ClassKept,
  InfrastructureReserved,
  MetallbProblem,
  ServiceUnclaimed,
} from './problem.ts';

/** Says what is wrong and how to correct it. The caller adds the field. */
export function sentence(problem: MetallbProblem): string {
  switch (problem.kind) {
    case 'address-malformed':
      return `"${problem.value}" is not an IP address. Write an IPv4 or IPv6 address.`;
    case 'pool-not-allowed':
      return `the GatewayClass does not allow the pool "${problem.pool}". It allows ${list(problem.allowed)}. Use one of these pools, or leave value empty.`;
    case 'address-refused':
      return refused(problem);
    case 'address-pending':
      return `${wished(problem)} is not assigned yet.`;
    case 'service-unclaimed':
      return unclaimed(problem);
    case 'configuration-invalid':
      return `MetalLB's ${problem.part} does not accept its configuration${problem.detail === '' ? '' : `: ${problem.detail}`}. Correct MetalLB's objects.`;
    case 'change-held':
      return `Service ${problem.service} stays as it is, because it would lose its address with the change: ${objection(problem.why)}`;
    case 'class-kept':
      return classKept(problem);
    case 'infrastructure-reserved':
      return reserved(problem);
    default:
      return problem satisfies never;
  }
}

/** The controller's own words come last, because they have no period. */
function refused(problem: AddressRefused): string {
  const why = problem.why === undefined ? '' : ` ${upperFirst(objection(problem.why))}`;
  const said =
    problem.said === undefined
      ? ''
      : ` ${problem.metallb ? 'MetalLB' : 'The load balancer controller'} says: ${problem.said}`;
  return `${wished(problem)} cannot be assigned.${why}${said}`;
}

function wished({ address, pool }: AddressPending | AddressRefused): string {
  if (address !== undefined) return `the address ${address}`;
  return pool === undefined ? 'an address' : `an address of the pool "${pool}"`;
}

function unclaimed({ service, loadBalancerClass, metallb }: ServiceUnclaimed): string {
  const nobody = `no load balancer controller has claimed Service ${service}.`;
  if (!metallb) {
    const which = loadBalancerClass === undefined ? '' : ` for the loadBalancerClass "${loadBalancerClass}"`;
    return `${nobody} Install one${which}, such as MetalLB.`;
  }
  if (loadBalancerClass === undefined) {
    return `${nobody} Check that MetalLB's controller runs. If it has the flag --lb-class, set loadBalancerClass to the same value in a ProxyConfiguration.`;
  }
  return `${nobody} MetalLB ignores the loadBalancerClass "${loadBalancerClass}" unless its flag --lb-class has the same value. Check the flag, and that MetalLB's controller runs.`;
}

function classKept({ service, loadBalancerClass, wanted }: ClassKept): string {
  const has =
    loadBalancerClass === undefined ? 'has no loadBalancerClass' : `has the loadBalancerClass "${loadBalancerClass}"`;
  const asked = wanted === undefined ? 'none' : `"${wanted}"`;
  return `Service ${service} ${has}, and ${asked} is asked for. Kubernetes does not allow the change, and a new Service would lose the address. Create another Gateway, or delete the Service.`;
}

function reserved({ keys }: InfrastructureReserved): string {
  const named = quoted(keys);
  return keys.length === 1
    ? `${named} is left out, because its domain is reserved. Remove it.`
    : `${named} are left out, because their domains are reserved. Remove them.`;
}

function objection(why: Objection): string {
  switch (why.kind) {
    case 'no-pools':
      return 'MetalLB has no IPAddressPool. Create one.';
    case 'pool-missing':
      return `MetalLB has no IPAddressPool "${why.pool}". Create it, or name another pool.`;
    case 'not-in-pools':
      return `no IPAddressPool has the address ${why.address}. Add it to a pool, or use another address.`;
    case 'avoided':
      return `the IPAddressPool "${why.pool}" does not give the address ${why.address}, because avoidBuggyIPs is set. Use another address.`;
    case 'pool-excludes':
      return `the serviceAllocation of IPAddressPool "${why.pool}" does not admit ${why.by === 'namespace' ? 'this namespace' : "the labels of the Gateway's infrastructure"}. Change it, or use another pool.`;
    case 'of-other-pool':
      return `the address ${why.address} is in the IPAddressPool "${why.pool}", but the addresses must be in "${why.wanted}". Use an address of that pool.`;
    case 'taken':
      return taken(why);
    default:
      return why satisfies never;
  }
}

function taken({ address, service, because }: Taken): string {
  const other = service === undefined ? 'a Service of another namespace' : `Service ${service}`;
  if (because === 'key') return `${other} has the address ${address}. Use another address.`;
  if (because === 'policy') {
    return `${other} shares the address ${address}. With externalTrafficPolicy Local, only Services with the same selector can share it. Use the policy Cluster, or another address.`;
  }
  return `${other} shares the address ${address} and has port ${because.port}, too. Use another port or address.`;
}
