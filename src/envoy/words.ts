// The messages of Envoy's problems: what is wrong, and what to do.
import { isOfConnections } from '../gateway/connection-route.ts';
import { TLS_CLUSTERS } from './model/edge.ts';
import type { EnvoyProblem, HeaderRefused, LeftOutListener } from './problem.ts';

/** Says what is wrong and how to correct it. The caller adds the field. */
export function sentence(problem: EnvoyProblem): string {
  switch (problem.kind) {
    case 'regex-refused':
      return `Envoy does not accept the regular expression "${problem.regex}" (${problem.detail}). Write it in the syntax of RE2.`;
    case 'regex-too-long':
      return `the regular expression has ${problem.length} characters, and the limit is ${problem.limit}. Write it shorter.`;
    case 'header-refused':
      return headerRefused(problem);
    case 'gate-missing':
      return `rule ${problem.gate} of the route is left out, and this rule would answer its requests. So this rule is left out too.`;
    case 'mirror-protocol-unsupported':
      return `Service ${problem.service} has the protocol "${problem.protocol}", so it gets no copies of requests. Use http, grpc, kubernetes.io/h2c or kubernetes.io/ws.`;
    case 'retries-capped':
      return `a request is tried again ${problem.limit} times at most, and the rule asks for ${problem.attempts}.`;
    case 'too-many-routes':
      return isOfConnections(problem.route)
        ? `the Envoys of a Gateway have no room for more connections' routes, because other routes need it. Use fewer hostnames or listeners, or another Gateway.`
        : `the route tables of a Gateway have room for ${problem.limit} entries (hostnames × matches, also those of wider hostnames), and other routes need them. Use fewer hostnames or matches, or another Gateway.`;
    case 'too-many-regexes':
      return `the regular expressions of a Gateway have room for ${problem.limit} characters (50 more for each expression, all of them for each hostname), and other routes need them. Use fewer or shorter ones, also in the origins of CORS filters, or another Gateway.`;
    case 'too-many-bytes':
      return `the filters, backends and matches of a Gateway have room for ${problem.limit / 1_000_000} MB (all of a rule for each match and hostname), and other routes need it. Use fewer or shorter ones, or another Gateway.`;
    case 'too-many-clusters':
      return `the Envoys of a Gateway have room for ${problem.limit} ports of Services (${TLS_CLUSTERS} for a port with TLS), and other routes need them. Name fewer, or use another Gateway.`;
    default:
      return problem satisfies never;
  }
}

export function leftOutSentence(problem: LeftOutListener): string {
  const rest = 'so this listener is left out. Use fewer';
  switch (problem.kind) {
    case 'too-many-listeners':
      return `the ListenerSets of a Gateway may have ${problem.limit} listeners, and others need them, ${rest} listeners, or another Gateway.`;
    case 'too-many-ports':
      return `the ListenerSets of a Gateway may add ${problem.limit} ports, and others need them, ${rest} ports, a port of the Gateway, or another Gateway.`;
    default:
      return problem satisfies never;
  }
}

function headerRefused({ header, why }: HeaderRefused): string {
  switch (why) {
    case 'host':
      return `a header filter cannot change "${header}". Use hostname of a URLRewrite.`;
    case 'connection':
      return `a header filter cannot change "${header}", because it belongs to the connection. Remove it from the filter.`;
    case 'name':
      return `"${header}" is not the name of a header. Use letters, digits and hyphens.`;
    case 'characters':
      return `the value of header "${header}" has a line break or a zero byte. Remove it.`;
    default:
      return why satisfies never;
  }
}
