import { defineConfig } from 'vitest/config';

/** They run no engine in their own process and leave nothing changed in it: so what one file imports, the next finds there. */
const TOGETHER = [
  'test/unit/{amqp,capture,http,management,notifications,oslo,report,settings,shovel,storms,trace}/**/*.test.ts',
  'test/property/**/*.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 3,
    setupFiles: ['test/support/hermetic.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['test/{unit,property,golden,contract,dashboards,integration}/**/*.test.ts'],
          exclude: TOGETHER,
        },
      },
      { extends: true, test: { name: 'together', include: TOGETHER, isolate: false } },
    ],
  },
});
