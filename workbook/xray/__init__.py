"""The x-ray of a request: what the app really did to answer it, measured and drawn.

`await xray(app, "GET", "/api/v1/items")` sends one request and records what happens to it, from
the outermost middleware to the last background task. The answer is the one the app gives without
the x-ray. Where each kind of span comes from:

==============  ===============================================================================
kind            how it is obtained
==============  ===============================================================================
middleware      each `app` that a layer of the middleware stack calls is wrapped (`layers`)
internal        the same, for the layers that FastAPI and Starlette put into every app
routing         starts where the router is called; ends where FastAPI's own telemetry says which
                route it selected (`native`)
body            `Request.body`, `.json` and the reading of a form are wrapped (`messages`)
dependency      FastAPI's `solve_dependencies` calls itself once for each dependency; the call of
                the dependency lies between two of those calls (`dependencies`)
validation      from the first check of a parameter to the end of `solve_dependencies`
endpoint        the span `fastapi.endpoint` of FastAPI's own telemetry, which runs on the thread
                of the endpoint (`native`); for a generator, while it is
                sent (`messages`)
stream          a stream that the endpoint returned: `StreamingResponse.stream_response`
serialization   the span `fastapi.serialization` of FastAPI's own telemetry
sql             SQLAlchemy's events around each execution at the cursor; its COMMIT and ROLLBACK
                are wrapped (`sql`)
exit            two callbacks on the exit stack around that of a dependency with `yield`
handler         the exception handlers that the app has registered are wrapped (`layers`)
send            the outermost `send`, as the server would get it (`layers`)
background      `BackgroundTask` is wrapped: the native span misses one that hangs on a response
==============  ===============================================================================

Whatever is wrapped is put back when the x-ray ends, and does nothing for other requests that run
meanwhile: only a request whose context holds a recorder is recorded (`recording`).
"""

from workbook.xray.figure import XRay
from workbook.xray.recording import Span
from workbook.xray.request import xray

__all__ = ["Span", "XRay", "xray"]
