// Applies a rule's transforms to a request. docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-transforms.html
import { compileRegex } from '../elbv2/regex.ts';
import type { RuleTransform } from '../elbv2/transforms.ts';

export interface Rewritable {
  /** The Host header. */
  readonly host: string;
  /** Path and query. */
  readonly url: string;
}

/**
 * The first match of the expression is replaced. Without a match the request does not change. Undefined if the result is
 * not a valid host or URL: "if there is a pattern match but the transform fails, we return an HTTP 500 error".
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

interface Rewrite {
  readonly Regex: string;
  readonly Replace: string;
}

const rewrite = (rewrites: readonly Rewrite[], subject: string): string => rewrites.reduce(replaceFirst, subject);

/** For AWS, only `$1` and the like are special in a replacement. */
function replaceFirst(subject: string, { Regex, Replace }: Rewrite): string {
  const matcher = compileRegex(Regex).matcher(subject);
  if (!matcher.find()) return subject;
  const groups = matcher.groupCount();
  const filled = Replace.replaceAll(/\$([1-9][0-9]?)/g, (whole, digits: string) => {
    const two = Number(digits);
    if (two <= groups) return matcher.group(two) ?? '';
    const one = Number(digits[0]);
    return digits.length === 2 && one <= groups ? `${matcher.group(one) ?? ''}${digits[1]}` : whole;
  });
  return `${subject.slice(0, matcher.start())}${filled}${subject.slice(matcher.end())}`;
}

const isHost = (host: string): boolean => host === '' || /^[A-Za-z0-9._[\]:-]+$/.test(host);
const isUrl = (url: string): boolean => /^(\/[\u0021-\u007e]*|\*)$/.test(url);
