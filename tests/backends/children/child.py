"""Work that joins the trace of whoever started it: one span below TRACEPARENT, with what BAGGAGE says.

OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME are read by the SDK itself; the context is not, so it is handed over.
"""
import os
import signal
import sys

from opentelemetry import baggage, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

carrier = {name.lower(): os.environ[name] for name in ("TRACEPARENT", "TRACESTATE", "BAGGAGE") if name in os.environ}
parent = TraceContextTextMapPropagator().extract(carrier)
parent = W3CBaggagePropagator().extract(carrier, context=parent)

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(insecure=True)))
with provider.get_tracer("child").start_as_current_span("python work", context=parent) as span:
    span.set_attribute("deploy.id", str(baggage.get_baggage("deploy.id", parent) or ""))
provider.force_flush()
if "--stay" in sys.argv:
    signal.pause()
