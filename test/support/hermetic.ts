import { join } from 'node:path';

/** What whoever runs the tests has set for an oslotap of their own is not for the tests'. */
for (const name of Object.keys(process.env)) {
  if (name.startsWith('OSLOTAP_')) delete process.env[name];
}

/** Hundreds of commands are run: Node need not compile each of their files each time. */
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../../node_modules/.cache/compiled');
