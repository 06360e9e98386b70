import { once } from 'node:events';
import type { OutStream } from '../cli.ts';

/** Writes results in the form that the user asked for. */
export interface Printer {
  readonly json: boolean;
  /** One result: the JSON document with `-o json`, otherwise the text. */
  print(document: object, text: () => string): void;
  /** Writes as is, and waits while the reader is slower. */
  write(data: string | Uint8Array): Promise<void>;
}

export function createPrinter(stdout: OutStream, json: boolean): Printer {
  return {
    json,
    print: (document, text) => {
      stdout.write(`${json ? JSON.stringify(document) : text()}\n`);
    },
    write: async (data) => {
      if (!stdout.write(data)) await once(stdout, 'drain');
    },
  };
}
