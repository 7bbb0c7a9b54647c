/** What whoever runs the tests has set for an oslotap of their own is not for the tests'. */
for (const name of Object.keys(process.env)) {
  if (name.startsWith('OSLOTAP_')) delete process.env[name];
}
