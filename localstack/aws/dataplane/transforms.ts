// What a rule's transforms make of a request. docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
import type { RuleTransform } from '../elbv2/transforms.ts';

export interface Rewritable {
  /** The Host header. */
  readonly host: string;
  /** Path and query. */
  readonly url: string;
}

/**
 * The first match of the expression is replaced; without a match the request stays as it is. Undefined when what comes
 * out is no host or no URL: "if there is a pattern match but the transform fails, we return an HTTP 500 error".
 */
export function transform(transforms: readonly RuleTransform[], request: Rewritable): Rewritable | undefined {
  let { host, url } = request;
  for (const each of transforms) {
    switch (each.Type) {
      case 'host-header-rewrite':
        host = rewrite(each.HostHeaderRewriteConfig.Rewrites, host);
        break;
      case 'url-rewrite':
        url = rewrite(each.UrlRewriteConfig.Rewrites, url);
        break;
      default:
        each satisfies never;
    }
  }
  return isHost(host) && isUrl(url) ? { host, url } : undefined;
}

function rewrite(rewrites: readonly { readonly Regex: string; readonly Replace: string }[], subject: string): string {
  return rewrites.reduce((text, { Regex, Replace }) => text.replace(new RegExp(Regex), groupsOnly(Replace)), subject);
}

/** Only `$1` and the like mean something to AWS; `$&` and JavaScript's other signs do not. */
const groupsOnly = (replace: string): string => replace.replaceAll(/\$(?![0-9])/g, '$$$$');

const isHost = (host: string): boolean => host === '' || /^[A-Za-z0-9._[\]:-]+$/.test(host);
const isUrl = (url: string): boolean => /^(\/[\u0021-\u007e]*|\*)$/.test(url);
