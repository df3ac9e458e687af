/** What `--help` prints. */
export const USAGE = `Looks after distributed locks from a terminal.

  nestjs-distributed-lock inspect <url> [pattern]   who holds, since when, until when, and how many wait
  nestjs-distributed-lock watch <url> [pattern]     the same again and again, until Ctrl-C
  nestjs-distributed-lock release <url> <key>       takes a lock from whoever holds it, after a question

<url> is what storeFromUrl takes: redis://host:6379, postgres://user:password@host/database, mysql://…, zookeeper://…
<pattern> is a key as the application writes it; * stands for any text, ? for one character, \\* for a star. Default *.
A key alone is asked for directly, also where the store cannot list keys. Quote both for the shell.

  -n, --namespace <text>  the module's namespace (default: lock)
      --json              JSON instead of a table; watch: one line for each change
      --most <number>     how many keys are told of at most (default: 1000)
      --interval <time>   watch: between two looks, such as 500ms or 2s (default: 1s)
  -y, --yes               release: without a question
  -h, --help, --version

Status: 0 done; 1 nobody holds or waits, nothing was released, or the store failed; 2 what was typed cannot be meant.
`;
