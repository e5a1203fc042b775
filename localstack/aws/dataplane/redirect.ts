// The Location of a redirect. docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#redirect-actions
import type { RuleAction } from '../elbv2/actions.ts';

type RedirectConfig = Extract<RuleAction, { Type: 'redirect' }>['RedirectConfig'];

/** The parts of a request's URL for the reserved keywords. */
export interface RequestUrl {
  readonly protocol: 'HTTP' | 'HTTPS';
  /** The Host header, whose port is not part of `#{host}`. */
  readonly host: string;
  /** The listener's port. */
  readonly port: number;
  readonly path: string;
  readonly query: string;
}

/** The Location header. Like an ALB's, it always has the port. Without a query, no `?` follows the path. */
export function redirectLocation(config: RedirectConfig, url: RequestUrl): string {
  const keywords: Readonly<Record<string, string>> = {
    protocol: url.protocol,
    host: url.host.replace(/:[0-9]+$/, ''),
    port: String(url.port),
    path: url.path.replace(/^\//, ''),
    query: url.query,
  };
  const filled = (text: string): string =>
    text.replaceAll(/#\{([a-z]+)\}/g, (whole, name: string) => keywords[name] ?? whole);
  const query = filled(config.Query);
  const origin = `${filled(config.Protocol).toLowerCase()}://${filled(config.Host)}:${filled(config.Port)}`;
  return `${origin}${filled(config.Path)}${query === '' ? '' : `?${query}`}`;
}
