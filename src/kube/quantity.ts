// Quantities of Kubernetes, in the form in which the API server stores them: 0.5 CPUs are 500m, and 1024Mi are 1Gi.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

const decimal: readonly string[] = ['m', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binary: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** @param text a whole number with any suffix, or a decimal fraction with at most three digits and no suffix */
export function canonicalQuantity(text: string): string {
  const [, whole = '', fraction = '', suffix = ''] = /^(\d+)(?:\.(\d{1,3}))?([a-zA-Z]*)$/.exec(text) ?? [];
  if (suffix.endsWith('i')) return shortest(BigInt(whole), binary.indexOf(suffix), binary, 1024n);
  if (fraction !== '') return shortest(BigInt(whole + fraction.padEnd(3, '0')), 0, decimal, 1000n);
  return shortest(BigInt(whole), decimal.indexOf(suffix), decimal, 1000n);
}

/** The longest suffix that needs no fraction. */
function shortest(value: bigint, at: number, suffixes: readonly string[], base: bigint): string {
  if (value === 0n) return '0';
  return value % base === 0n && at + 1 < suffixes.length
    ? shortest(value / base, at + 1, suffixes, base)
    : `${value}${suffixes[at] ?? ''}`;
}
