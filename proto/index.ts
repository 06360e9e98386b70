// The only barrel of the project: everything that the coordinator and the node agent share.
export * from './gen/drover/v1/admin.ts';
export * from './gen/drover/v1/agent_session.ts';
export * from './gen/drover/v1/checkpoint_transfer.ts';
export * from './gen/drover/v1/common.ts';
export * from './gen/drover/v1/enrollment.ts';
export * from './wire/async-queue.ts';
export * from './wire/certificate-life.ts';
export * from './wire/client-calls.ts';
export * from './wire/credentials.ts';
export * from './wire/drover-error.ts';
export * from './wire/error-codes.ts';
export * from './wire/grpc-status.ts';
export * from './wire/identity.ts';
export * from './wire/join-token.ts';
export * from './wire/private-files.ts';
export * from './wire/server-calls.ts';
export * from './wire/stream.ts';
