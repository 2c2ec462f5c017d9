// Work that joins the trace of whoever started it: one span below TRACEPARENT, with what BAGGAGE says.
// OTEL_EXPORTER_OTLP_ENDPOINT is read by the exporter itself; the context and the service's name are handed over.
import { createRequire } from 'node:module';
// The packages lie where NODE_MODULES says, not beside this file.
const load = createRequire(`${process.env.NODE_MODULES}/`);
const { ROOT_CONTEXT, defaultTextMapGetter, propagation } = load('@opentelemetry/api');
const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = load('@opentelemetry/core');
const { resourceFromAttributes } = load('@opentelemetry/resources');
const { NodeTracerProvider, BatchSpanProcessor } = load('@opentelemetry/sdk-trace-node');
const { OTLPTraceExporter } = load('@opentelemetry/exporter-trace-otlp-grpc');

const { TRACEPARENT: traceparent, TRACESTATE: tracestate, BAGGAGE: baggage } = process.env;
const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
const parent = new CompositePropagator({ propagators })
  .extract(ROOT_CONTEXT, { traceparent, tracestate, baggage }, defaultTextMapGetter);
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
const span = provider.getTracer('child').startSpan('node work', {}, parent);
span.setAttribute('deploy.id', propagation.getBaggage(parent)?.getEntry('deploy.id')?.value ?? '');
span.end();
await provider.forceFlush();
if (process.argv.includes('--stay')) setInterval(() => {}, 1 << 30);
else await provider.shutdown();
