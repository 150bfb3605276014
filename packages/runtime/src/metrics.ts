import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type { Counter, Gauge, Histogram } from 'prom-client'

type Described<L extends string> = { name: string; help: string; labels?: readonly L[] }

/** `collect` sets the value when it is asked for. */
type Collected<L extends string> = { collect?: (gauge: Gauge<L>) => void | Promise<void> }

/** Factories of Prometheus metrics of one process. Names begin with `consign_`, end with their unit; labels are few and bounded. */
export type Metrics = {
  counter<L extends string = never>(options: Described<L>): Counter<L>
  gauge<L extends string = never>(options: Described<L> & Collected<L>): Gauge<L>

  histogram<L extends string = never>(options: Described<L> & { buckets: number[] }): Histogram<L>
  /** The exposition text and its content type. */
  exposition(): Promise<{ contentType: string; text: string }>
}

export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  const common = <L extends string>({ name, help, labels = [] }: Described<L>) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  return {
    counter: (options) => new Counter(common(options)),
    gauge: <L extends string>({ collect, ...options }: Described<L> & Collected<L>): Gauge<L> => {
      const gauge: Gauge<L> = new Gauge({
        ...common(options),
        ...(collect ? { collect: () => collect(gauge) } : {}),
      })
      return gauge
    },
    histogram: ({ buckets, ...options }) => new Histogram({ ...common(options), buckets }),
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}
