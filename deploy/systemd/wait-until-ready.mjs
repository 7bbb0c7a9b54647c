/** Waits until oslotap says that it is ready, for 60 s at most. Exit code 1: it is not. The address as in http.listen. */
const url = process.argv[2] ?? 'http://127.0.0.1:9718/readyz';
const giveUpMs = Date.now() + 60_000;
while (!(await isReady())) {
  if (Date.now() > giveUpMs) process.exit(1);
  await new Promise((resolve) => setTimeout(resolve, 500));
}

async function isReady() {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
