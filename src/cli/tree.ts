// Trees as text, drawn with lines.

export interface Branch {
  /** The first line, then lines below it. */
  readonly lines: readonly string[];
  readonly branches?: readonly Branch[];
}

export function drawn(branches: readonly Branch[], indent = ''): readonly string[] {
  return branches.flatMap(({ lines: [first = '', ...rest], branches: below = [] }, index) => {
    const last = index === branches.length - 1;
    const deeper = `${indent}${last ? '   ' : '│  '}`;
    const margin = `${deeper}${below.length > 0 ? '│ ' : '  '}`;
    return [
      `${indent}${last ? '└─' : '├─'} ${first}`,
      ...rest.map((line) => `${margin}${line}`),
      ...drawn(below, deeper),
    ];
  });
}
