// npm run build: the command line for the image. Bundled from the AWS SDK's ES modules, its clients shrink to the calls
// that are made: EC2's alone would take 60 MiB of memory more.
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  resolve: { mainFields: ['module', 'main'] },
  output: { dir: 'dist', format: 'esm', entryFileNames: 'main.js', chunkFileNames: '[name].js', cleanDir: true },
});
