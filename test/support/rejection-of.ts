import { DroverError } from '../../proto/index.ts';

/** The DroverError that a promise rejects with; fails when it resolves, or rejects with anything else. */
export async function rejectionOf(promise: Promise<unknown>): Promise<DroverError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DroverError) return error;
    throw error;
  }
  throw new Error('the promise should have been rejected');
}
