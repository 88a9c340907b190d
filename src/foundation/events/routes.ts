import type { Server } from '../../platform/http.ts';
import { eventRoutes } from './routes/events.ts';
import { type StreamDeps, streamRoutes } from './routes/stream.ts';

export function routes(server: Server, deps: StreamDeps): void {
  eventRoutes(server);
  streamRoutes(server, deps);
}
