import { chmod, mkdir, mkdtemp, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The link to the folder that has the files. A program that watches it sees one rename per change. */
const current = '..data';

/**
 * Replaces the files of a volume all at once, as a kubelet does: a reader sees the old files or the new ones.
 * https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/util/atomic_writer.go
 *
 * @param files content by path in the volume
 */
export async function replaceFiles(folder: string, files: ReadonlyMap<string, string | Buffer>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const before = await readlink(join(folder, current)).catch(() => undefined);
  const made = await mkdtemp(`${folder}/..`);
  await chmod(made, 0o755);
  for (const [path, content] of files) {
    const file = join(made, join('/', path));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  const link = join(folder, `${current}_new`);
  await symlink(basename(made), link);
  await rename(link, join(folder, current));
  await linkNames(folder, await readdir(made));
  if (before !== undefined) await rm(join(folder, before), { recursive: true });
}

/** Makes a link for each file or folder of the volume, and removes the links of others. */
async function linkNames(folder: string, names: readonly string[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  // A folder that is no link is the mount point of another volume.
  const links = entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name);
  const linked = links.filter((name) => name !== current);
  for (const name of names.filter((other) => !linked.includes(other)))
    await symlink(join(current, name), join(folder, name));
  for (const name of linked.filter((other) => !names.includes(other))) await rm(join(folder, name));
}
