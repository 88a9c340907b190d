import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Wire {
  /** Leads to the server that it was made for. */
  address: string;
  /** Breaks every connection that is open; new ones are made as before. */
  cut(): void;
  close(): Promise<void>;
}

/** A wire to a server on loopback that can be cut. */
export async function wire(address: string): Promise<Wire> {
  const { hostname, port } = new URL(address);
  const open = new Set<Socket>();
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    // A broken end breaks the other too.
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const server = createServer((near) => {
    const far = keep(connect(Number.parseInt(port, 10), hostname));
    keep(near).pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    address: `http://${hostname}:${(server.address() as AddressInfo).port}`,
    cut,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
