"""A collector of traces: takes OTLP over HTTP until its standard input is closed, then prints each span as a
line of JSON, decoded by OpenTelemetry's own schema. The first line is its address."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

taken = []


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        taken.append((self.path, dict(self.headers), body))
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def value(any_value):
    return getattr(any_value, any_value.WhichOneof("value"))


server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(f"http://127.0.0.1:{server.server_port}", flush=True)
sys.stdin.read()
for path, headers, body in taken:
    assert path == "/v1/traces", path
    assert headers["content-type"] == "application/x-protobuf", headers
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = {it.key: value(it.value) for it in resource.resource.attributes}["service.name"]
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            print(
                json.dumps(
                    {
                        "service": service,
                        "secret": headers.get("x-api-key"),
                        "trace": span.trace_id.hex(),
                        "span": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "kind": span.kind,
                        "name": span.name,
                        "ns": span.end_time_unix_nano - span.start_time_unix_nano,
                        "status": span.status.code,
                        "attributes": {it.key: value(it.value) for it in span.attributes},
                    }
                )
            )
