/** The page's end of the capture worker: one question at a time, whose answer comes once, and the pictures that are kept behind it. */

import type { FromWorker, ToWorker } from './capture-messages.ts';
import { ClientError } from './errors.ts';
import { KeptPictures } from './kept-picture.ts';

export class WorkerLink {
  /** The pictures that follow the frames they were kept of. */
  readonly kept = new KeptPictures();
  readonly #worker = new Worker(new URL('./capture.worker.ts', import.meta.url), { type: 'module', name: 'capture' });
  #listener: { hear(message: FromWorker): void; fail(error: ClientError): void } | null = null;
  /** Why the worker answers no more. It may have ended before anybody asked: where its script could not be loaded, for one. */
  #failure: ClientError | null = null;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'kept') this.kept.arrive(data.bitmap);
      else if (data.type === 'failed') this.#listener?.fail(new ClientError('capture_failed', data.message));
      else this.#listener?.hear(data);
    };
    this.#worker.onerror = ({ message }) => {
      this.#failure = new ClientError('capture_failed', message);
      this.#listener?.fail(this.#failure);
    };
  }

  /** Tells the worker something that it does not answer. */
  tell(message: ToWorker, transfer: Transferable[]): void {
    this.#worker.postMessage(message, transfer);
  }

  /**
   * Asks the worker.
   *
   * @param answerOf - the answer that is in a message; null if it is another message.
   * @throws ClientError `capture_failed` if it cannot answer, or has ended.
   */
  ask<Answer>(question: ToWorker, transfer: Transferable[], answerOf: (message: FromWorker) => Answer | null): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      const hear = (message: FromWorker): void => {
        const answer = answerOf(message);
        if (answer !== null) resolve(answer);
      };
      this.#listener = { hear, fail: reject };
      this.#worker.postMessage(question, transfer);
    });
  }

  /** Ends the worker. What was asked is never answered. */
  close(): void {
    this.#worker.terminate();
  }
}
