/** Work of a tenant: one after another within it, beside others. */
export interface Piece {
  tenant_id: string;
  /** How many events it has. */
  size: number;
  run(): Promise<void>;
}

export interface LaneOptions {
  /** Pieces that run at once, and those of one tenant: the rest is always free for others. */
  concurrency: number;
  per_tenant: number;
}

/** Runs pieces, each tenant's in the order of their coming, and the tenants in turn: however much one has, another's next piece is next. */
export function createLanes({ concurrency, per_tenant }: LaneOptions) {
  const lanes = new Map<string, { waiting: Piece[]; running: number; size: number }>();
  let running = 0;
  let size = 0;

  const next = (): Piece | null => {
    for (const [tenant_id, lane] of lanes) {
      if (lane.running >= per_tenant || lane.waiting.length === 0) continue;
      // To the end of the round.
      lanes.delete(tenant_id);
      lanes.set(tenant_id, lane);
      return lane.waiting.shift()!;
    }
    return null;
  };
  const pump = () => {
    while (running < concurrency) {
      const piece = next();
      if (!piece) return;
      const lane = lanes.get(piece.tenant_id)!;
      running += 1;
      lane.running += 1;
      void piece.run().finally(() => {
        running -= 1;
        lane.running -= 1;
        lane.size -= piece.size;
        size -= piece.size;
        if (lane.running === 0 && lane.waiting.length === 0) lanes.delete(piece.tenant_id);
        pump();
      });
    }
  };
  return {
    /** `run` must not throw. */
    add(piece: Piece): void {
      const lane = lanes.get(piece.tenant_id) ?? { waiting: [], running: 0, size: 0 };
      lanes.set(piece.tenant_id, lane);
      lane.waiting.push(piece);
      lane.size += piece.size;
      size += piece.size;
      pump();
    },
    /** Events that wait or run. */
    size: () => size,
    /** Tenants that have so many or more here. */
    full: (most: number) => [...lanes].filter(([, lane]) => lane.size >= most).map(([tenant_id]) => tenant_id),
  };
}
