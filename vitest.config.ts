import { defineConfig } from 'vitest/config'

// unit: beside the code, no process and no network. int: real nats-server, anvil, MQTT over TLS; mostly waiting, so two files at a time.
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          // Unit tests hold no global state; sharing loaded modules halves their time.
          isolate: false,
          include: [
            '{packages,services}/*/src/**/*.test.ts',
            '{edge,bench,tools}/**/*.test.ts',
            'contracts/script/*.test.ts',
            'cli/src/**/*.test.ts',
            'raiden/*/src/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/*.int.test.ts'],
          // A guard against hanging, not a measure: busy machines take many times what a quiet one does.
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'int',
          include: [
            '{packages,services}/*/test/**/*.test.ts',
            '{edge,cli}/test/**/*.test.ts',
            'raiden/*/test/**/*.test.ts',
            '{packages,services,edge,tools,bench}/**/*.int.test.ts',
          ],
          exclude: ['**/node_modules/**'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
