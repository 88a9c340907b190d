import type { AddressInfo } from 'node:net';
import dns2 from 'dns2';

export interface NameServer {
  /** As `address:port`. */
  at: string;
  /** Names that were asked for, each time. */
  asked: string[];
  close(): Promise<void>;
}

/** A real DNS server on loopback. `answer` gives the addresses of a name, at the `nth` time that it is asked for them, from 1. */
export async function nameServer(answer: (name: string, nth: number) => readonly string[]): Promise<NameServer> {
  const asked: string[] = [];
  const { Packet } = dns2;
  const server = dns2.createServer({
    udp: true,
    handle: (request, send) => {
      const response = Packet.createResponseFromRequest(request);
      const question = request.questions[0]!;
      const wants_six = question.type === Packet.TYPE.AAAA;
      if (!wants_six) asked.push(question.name);
      const nth = asked.filter((name) => name === question.name).length;
      for (const address of answer(question.name, nth)) {
        if (address.includes(':') !== wants_six) continue;
        response.answers.push({ name: question.name, type: question.type, class: Packet.CLASS.IN, ttl: 0, address } as never);
      }
      send(response);
    },
  });
  const bound = (await server.listen({ udp: { port: 0, address: '127.0.0.1' } })) as { udp: AddressInfo };
  return { at: `127.0.0.1:${bound.udp.port}`, asked, close: async () => void (await server.close()) };
}
