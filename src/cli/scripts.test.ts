// Runs every command and every npm script as a process, as a user does.
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { program } from './program.ts';
import { gatewayManifests } from './testing/manifests.ts';

// On a busy machine npm and Node take seconds to start.
vi.setConfig({ testTimeout: 120_000 });

const root = join(import.meta.dirname, '../..');

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  file: string,
  args: readonly string[],
  cwd = tmpdir(),
  variables: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env: { ...process.env, NO_COLOR: '1', ...variables } }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

const script = (name: string, ...args: readonly string[]) =>
  run('npm', ['--prefix', root, 'run', '--silent', name, '--', ...args]);
const gatehouse = (...args: readonly string[]) => run(join(root, 'bin/gatehouse.js'), args);

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gatehouse-user-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const scripts = Object.entries(packageJson.scripts)
  .filter(([name, command]) => command.includes('bootstrap.js') && name !== 'gatehouse')
  .map(([name]) => name);

test.for(scripts)('npm run %s has help, and refuses what it does not know without a stack trace', async (name) => {
  const help = await script(name, '--help');
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain(name === 'test' ? 'Usage: npm test -- ' : `Usage: npm run ${name} -- `);
  const { code, stdout, stderr } = await script(name, '--no-such-option');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error: unknown option '--no-such-option'\n(\(Did you mean .*\)\n)?$/);
});

test.for(program().commands.map((command) => command.name()))(
  'gatehouse %s has help, and refuses what it does not know without a stack trace',
  async (name) => {
    const help = await gatehouse(name, '--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain(`Usage: gatehouse ${name}`);
    const { code, stdout, stderr } = await gatehouse(name, '--no-such-option');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^error: .*\n(\(Did you mean .*\)\n)?$/);
  },
);

test('an unknown command is refused, with a suggestion', async () => {
  const { code, stderr } = await gatehouse('plam');
  expect(stderr).toBe("error: unknown command 'plam'\n(Did you mean plan?)\n");
  expect(code).toBe(2);
});

test('npm run gatehouse reads the files of the folder that the user is in', async () => {
  const here = await folder();
  await writeFile(join(here, 'web.yaml'), gatewayManifests);
  const args = ['--prefix', root, 'run', '--silent', 'gatehouse', '--', 'plan', '-f', 'web.yaml'];
  const { code, stdout, stderr } = await run('npm', args, here);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('Gateway default/web (class lb)');
});

test('when the reader closes the pipe early, as head does, no stack trace appears', async () => {
  const here = await folder();
  const routes = Array.from(
    { length: 300 },
    (_, index) => `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: route-${index} }
spec: { parentRefs: [{ name: web }], hostnames: [host-${index}.example.com] }
`,
  );
  await writeFile(join(here, 'web.yaml'), `${gatewayManifests}${routes.join('')}`);
  const line = `"${join(root, 'bin/gatehouse.js')}" plan -f web.yaml -o json | head -c 1`;
  expect(await run('bash', ['-c', line], here)).toMatchObject({ code: 0, stdout: '{', stderr: '' });
});

test('the installed package runs, and contains everything that it needs', async () => {
  const here = await folder();
  await writeFile(join(here, 'web.yaml'), gatewayManifests);
  const packed = await run('npm', ['pack', '--silent', '--pack-destination', here], root);
  expect(packed).toMatchObject({ code: 0 });
  const tarball = packed.stdout.trim().split('\n').at(-1) ?? '';
  expect(
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(here, tarball)], here),
  ).toMatchObject({
    code: 0,
  });
  const planned = await run('npx', ['--offline', 'gatehouse', 'plan', '-f', 'web.yaml'], here);
  expect(planned).toMatchObject({ code: 0, stderr: '' });
  expect(planned.stdout).toContain('Gateway default/web (class lb)');
  const plugin = await run(join(here, 'node_modules/.bin/kubectl-gatehouse'), ['plan', '--help'], here);
  expect(plugin.stdout).toContain('Usage: kubectl gatehouse plan');
});

test('the command that npm link makes runs without a build, in any folder', async () => {
  const here = await folder();
  await writeFile(join(here, 'web.yaml'), gatewayManifests);
  await mkdir(join(here, 'lib'));
  const linked = await run('npm', ['link', '--offline', '--silent'], root, { npm_config_prefix: here });
  expect(linked).toMatchObject({ code: 0 });
  const { code, stdout } = await run(join(here, 'bin/gatehouse'), ['plan', '-f', 'web.yaml'], here);
  expect(stdout).toContain('Gateway default/web (class lb)');
  expect(code).toBe(0);
});

const hasKubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

test.skipIf(!hasKubectl)('kubectl runs it as a plugin, and its help says so', async () => {
  const here = await folder();
  await symlink(join(root, 'bin/gatehouse.js'), join(here, 'kubectl-gatehouse'));
  const variables = { PATH: `${here}:${process.env['PATH']}`, KUBECONFIG: join(here, 'nowhere') };
  const help = await run('kubectl', ['gatehouse', 'status', '--help'], here, variables);
  expect(help.stdout).toContain('Usage: kubectl gatehouse status');
  const { code, stderr } = await run('kubectl', ['gatehouse', 'status'], here, variables);
  expect(stderr).toBe(`Could not read the kubeconfig ${join(here, 'nowhere')}: ENOENT\n`);
  expect(code).toBe(2);
});
