"""A collector of OpenTelemetry: takes spans over OTLP/HTTP, and reads them by the protocol."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Traced:
    """A span as the collector understood it."""

    name: str
    service: str
    trace: str
    id: str
    parent: str
    kind: int
    seconds: float
    error: str
    facts: dict[str, Any]


@dataclass
class Collector:
    """What came, and whether it is taken."""

    url: str = ""
    status: int = 200
    headers: list[dict[str, str]] = field(default_factory=list)
    spans: list[Traced] = field(default_factory=list)

    def named(self, name: str) -> list[Traced]:
        """Return the spans of a name."""
        return [one for one in self.spans if one.name == name]


@contextmanager
def collector() -> Iterator[Collector]:
    """Serve a collector on loopback."""
    told = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            if told.status == 200:
                told.headers.append({name.lower(): v for name, v in self.headers.items()})
                told.spans += _understood(json.loads(body))
            self.send_response(told.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def _understood(told: dict[str, Any]) -> Iterator[Traced]:
    """Read a request strictly: what the protocol does not know is an error."""
    for resource in told["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for one in scope["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in one:  # JSON of OTLP has these in hex, that of protobuf in base64
                        one[name] = base64.b64encode(bytes.fromhex(one[name])).decode()
    found = ParseDict(told, ExportTraceServiceRequest())
    for resource in found.resource_spans:
        facts = {one.key: one.value.string_value for one in resource.resource.attributes}
        for scope in resource.scope_spans:
            for one in scope.spans:
                assert (len(one.trace_id), len(one.span_id)) == (16, 8)
                yield Traced(
                    one.name,
                    facts["service.name"],
                    one.trace_id.hex(),
                    one.span_id.hex(),
                    one.parent_span_id.hex(),
                    one.kind,
                    (one.end_time_unix_nano - one.start_time_unix_nano) / 1e9,
                    one.status.message,
                    {
                        fact.key: fact.value.string_value or fact.value.int_value
                        for fact in one.attributes
                    },
                )
