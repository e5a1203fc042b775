// Defines scenarios, and runs those of one stage one after the other.

/** The result of a scenario. */
export interface Findings {
  /** The amount: `12,000 requests`, `64 kill points`. */
  readonly count: string;
  /** One line per failure. */
  readonly failures: readonly string[];
  /** Resources that exist in AWS more than once. */
  readonly duplicates: readonly string[];
  /** Resources in AWS that should be gone. */
  readonly leaks: readonly string[];
  /** Other notes, one line each. */
  readonly notes?: readonly string[];
}

export interface Row extends Findings {
  readonly scenario: string;
  readonly what: string;
  readonly seconds: number;
}

export interface Options {
  /** The program of Gatehouse. */
  readonly program: string;
  /** Only every nth kill point. */
  readonly every: number;
  readonly say: (line: string) => void;
}

/** The environment of scenarios. */
export interface Stage {
  stop(): Promise<void>;
}

export interface Scenario<S extends Stage> {
  readonly name: string;
  /** The fault, in a few words. */
  readonly what: string;
  readonly run: (stage: S, options: Options) => Promise<Findings>;
}

/** Scenarios with their stage, ready to be run. */
export interface Family {
  readonly names: readonly string[];
  /** Runs the named scenarios, or all. The stage is set up once, and cleared at the end. */
  run(names: ReadonlySet<string>, options: Options): Promise<readonly Row[]>;
}

export function family<S extends Stage>(
  open: (options: Options) => Promise<S>,
  scenarios: readonly Scenario<S>[],
): Family {
  return {
    names: scenarios.map(({ name }) => name),
    run: async (names, options) => {
      const chosen = scenarios.filter(({ name }) => names.has(name));
      if (chosen.length === 0) return [];
      const stage = await open(options);
      try {
        const rows: Row[] = [];
        for (const scenario of chosen) rows.push(await play(scenario, stage, options));
        return rows;
      } finally {
        await stage.stop();
      }
    },
  };
}

async function play<S extends Stage>(scenario: Scenario<S>, stage: S, options: Options): Promise<Row> {
  const { name, what } = scenario;
  options.say(`${name}: ${what} …`);
  const started = performance.now();
  const findings = await scenario.run(stage, options).catch(broken);
  const seconds = (performance.now() - started) / 1000;
  const { count, failures, duplicates, leaks, notes = [] } = findings;
  options.say(`${name}: ${count}; ${isRight(findings) ? 'as it should be' : 'NOT as it should be'}`);
  for (const [word, lines] of Object.entries({ failed: failures, double: duplicates, left: leaks, note: notes })) {
    for (const line of lines.slice(0, shown)) options.say(`  ${word}: ${line}`);
    if (lines.length > shown) options.say(`  ${word}: … and ${lines.length - shown} more`);
  }
  return { ...findings, scenario: name, what, seconds };
}

/** The number of lines that are printed per kind. */
const shown = 20;

const broken = (error: unknown): Findings => ({
  count: 'broken off',
  failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
  duplicates: [],
  leaks: [],
});

export const isRight = ({ failures, duplicates, leaks }: Findings): boolean =>
  failures.length + duplicates.length + leaks.length === 0;
