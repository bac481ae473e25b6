import { defineConfig } from 'tsup'

// One configuration for every package: tsup looks for it from the package upwards.
export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  target: 'es2022',
  clean: true,
})
