import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BusTarget } from '../../src/platform/config.ts';
import { findProgram, findServer } from './optional-servers.ts';
import { freePort, type ServerProcess, serverProcess } from './server-process.ts';

const pom = fileURLToPath(new URL('../kafka/pom.xml', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));
const run = promisify(execFile);

export interface KafkaServer extends ServerProcess {
  /** What BUS_URL would be read as. */
  target: BusTarget;
  /** The same broker where one has to sign in, by SCRAM-SHA-512. */
  signed: BusTarget;
  /** Removes all that it stored, while it is stopped. */
  wipe(): Promise<void>;
  /** Ends it and removes what it wrote. */
  close(): Promise<void>;
}

const user = { name: 'tally', password: 'secret' };

/** Starts a Kafka broker of its own, its own controller too (KRaft), on the same ports after each restart. Small, and meant for tests only. */
export async function startKafka(): Promise<KafkaServer> {
  const java = findServer('kafka');
  const classpath = join(await artifacts(), '*');
  const folder = mkdtempSync(join(tmpdir(), 'tallystick-kafka-'));
  const [port, signed, controller] = [await freePort(), await freePort(), await freePort()];
  const properties = join(folder, 'server.properties');
  const data = join(folder, 'data');
  writeFileSync(
    properties,
    [
      'process.roles=broker,controller',
      'node.id=1',
      `controller.quorum.voters=1@127.0.0.1:${controller}`,
      'controller.listener.names=CONTROLLER',
      `listeners=CLIENTS://127.0.0.1:${port},USERS://127.0.0.1:${signed},CONTROLLER://127.0.0.1:${controller}`,
      `advertised.listeners=CLIENTS://127.0.0.1:${port},USERS://127.0.0.1:${signed}`,
      'listener.security.protocol.map=CLIENTS:PLAINTEXT,USERS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name=CLIENTS',
      'sasl.enabled.mechanisms=SCRAM-SHA-512',
      'listener.name.users.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;',
      `log.dirs=${data}`,
      'offsets.topic.replication.factor=1',
      'offsets.topic.num.partitions=1',
      'group.initial.rebalance.delay.ms=0',
      // A broker that was killed may come back as soon as its old session is over.
      'broker.session.timeout.ms=1500',
      'broker.heartbeat.interval.ms=300',
      'auto.create.topics.enable=false',
    ].join('\n'),
  );
  const small = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classpath];
  const format = async () => {
    // Sixteen bytes as the broker has them in base64url; the first is such that the text does not begin with a dash, which would be an option.
    const id = Buffer.concat([Buffer.from([0x40]), randomBytes(15)]).toString('base64url');
    const scram = `SCRAM-SHA-512=[name=${user.name},password=${user.password}]`;
    await run(java, [...small, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', properties, '--add-scram', scram]);
  };
  const server = serverProcess({ command: java, args: [...small, 'kafka.Kafka', properties], port });
  const close = async () => {
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await format();
    await server.start();
  } catch (error) {
    await close();
    throw error;
  }
  const target = { kind: 'kafka', servers: [`127.0.0.1:${port}`], user: null, password: null, tls: false } as const;
  return {
    ...server,
    target,
    signed: { ...target, servers: [`127.0.0.1:${signed}`], user: user.name, password: user.password },
    async wipe() {
      rmSync(data, { recursive: true, force: true });
      await format();
    },
    close,
  };
}

/** The folder with the broker's artifacts, which Maven fills once for each content of the pom. */
async function artifacts(): Promise<string> {
  const version = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const folder = join(cache, `kafka-${version}`);
  if (existsSync(folder)) return folder;
  const mvn = findProgram('mvn');
  if (mvn === undefined) throw new Error('Maven was not found (install it): it fetches the Kafka broker that tests start.');
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(join(cache, 'kafka-making-'));
  await run(mvn, ['--quiet', '--batch-mode', '--file', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${made}`]);
  // Two that do so at once make the same; the first to finish has made it.
  if (!existsSync(folder)) renameSync(made, folder);
  else rmSync(made, { recursive: true, force: true });
  return folder;
}
