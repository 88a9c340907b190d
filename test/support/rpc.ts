import type { DescMessage, DescService } from '@bufbuild/protobuf';
import { create, type DescMethodUnary, fromBinary, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type Problem, ProblemSchema } from '../../src/proto/tallystick/v1/problem_pb.ts';

/** Every protocol over every version of HTTP that it goes over. */
export function transports(address: string): Record<string, Transport> {
  return {
    'gRPC over HTTP/2': createGrpcTransport({ baseUrl: address }),
    'gRPC-Web over HTTP/1.1': createGrpcWebTransport({ baseUrl: address, httpVersion: '1.1' }),
    'gRPC-Web over HTTP/2': createGrpcWebTransport({ baseUrl: address, httpVersion: '2' }),
    'Connect over HTTP/1.1': createConnectTransport({ baseUrl: address, httpVersion: '1.1' }),
    'Connect over HTTP/2': createConnectTransport({ baseUrl: address, httpVersion: '2' }),
    'Connect in JSON': createConnectTransport({ baseUrl: address, httpVersion: '1.1', useBinaryFormat: false }),
  };
}

/** A client of one service over gRPC, as somebody. */
export function grpcClient<S extends DescService>(service: S, address: string, key: string) {
  return createClient(
    service,
    createGrpcTransport({
      baseUrl: address,
      interceptors: [
        (next) => (request) => {
          if (!request.header.has('authorization')) request.header.set('authorization', `Bearer ${key}`);
          return next(request);
        },
      ],
    }),
  );
}

export interface Failure {
  code: string;
  problem: Problem | undefined;
  metadata: Headers;
}

/** How a call failed; throws where it did not. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (error) {
    const failure = ConnectError.from(error);
    return { code: Code[failure.code], problem: failure.findDetails(ProblemSchema)[0], metadata: failure.metadata };
  }
  throw new Error('The call did not fail.');
}

/** One call by grpc-js, which shares nothing with the server's own library. */
export function grpcJsCall<I extends DescMessage, O extends DescMessage>(
  address: string,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  headers: Record<string, string>,
): Promise<MessageShape<O>> {
  const client = new Client(address.replace('http://', ''), credentials.createInsecure());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      `/${method.parent.typeName}/${method.name}`,
      (message: MessageShape<I>) => Buffer.from(toBinary(method.input, message)),
      (bytes: Buffer) => fromBinary(method.output, bytes),
      create(method.input, request),
      metadata,
      (error: ServiceError | null, answer) => {
        client.close();
        if (error) reject(error);
        else resolve(answer!);
      },
    );
  });
}
