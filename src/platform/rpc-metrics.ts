import { Gauge, Histogram, type Registry } from 'prom-client';

export function createRpcMetrics(registry: Registry) {
  return {
    seconds: new Histogram({
      name: 'tallystick_rpc_seconds',
      help: 'How long calls took until their end, in seconds',
      labelNames: ['method', 'code'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers: [registry],
    }),
    streams: new Gauge({ name: 'tallystick_rpc_streams', help: 'Streams that are open', registers: [registry] }),
  };
}
