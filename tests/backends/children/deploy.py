"""A deploy script: records the deploy as a span, then becomes the program that it is given, with TRACEPARENT and BAGGAGE."""
import os
import sys

from opentelemetry import baggage
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(insecure=True)))
carrier = {}
with provider.get_tracer("deploy").start_as_current_span("deploy"):
    TraceContextTextMapPropagator().inject(carrier)
    W3CBaggagePropagator().inject(carrier, context=baggage.set_baggage("deploy.id", "42"))
provider.shutdown()
environment = os.environ | {name.upper(): value for name, value in carrier.items()}
os.execve(sys.argv[1], sys.argv[1:], environment)
