"""Sending the request that is x-rayed."""

import sys
from typing import Any

import httpx

from workbook.asgi import ASGIApp
from workbook.client import Client, client
from workbook.xray.dependencies import record_dependencies
from workbook.xray.figure import XRay
from workbook.xray.layers import wrap_app
from workbook.xray.messages import record_messages
from workbook.xray.patching import Patches
from workbook.xray.recording import Recorder, recorder

_SECONDS_TO_FINISH = 30.0


async def xray(app: ASGIApp | Client, method: str, url: str, **options: Any) -> XRay:
    """Send one request and record what the app does to answer it.

    Args:
        app: the app; its start-up is run before the request and its shutdown after. Or a client
            from `client(app)` that is open: then its app runs already.
        method: `"GET"`, `"POST"`, …
        url: the path, with its query string if it has one.
        options: whatever `httpx.AsyncClient.request` takes: `json`, `params`, `headers`, …

    Returns:
        The answer and the record, background tasks included; a cell shows them as a figure. An
        app that raises is answered for as a server would, and gives a figure too.

    Raises:
        TypeError: when `app` is a client of a server in another process.
    """
    if isinstance(app, Client):
        return await _xray(app, method, url, options)
    async with client(app) as http:
        return await _xray(http, method, url, options)


async def _xray(http: Client, method: str, url: str, options: dict[str, Any]) -> XRay:
    transport = http._asgi
    if transport is None:
        raise TypeError("an x-ray needs the app in this process, not a server behind a socket")
    with Patches() as patches:
        if "sqlalchemy" in sys.modules:
            # Imported here: an app without a database should not pay for the import.
            from workbook.xray.sql import record_sql

            record_sql(patches)
        record_messages(patches)
        record_dependencies(patches)
        wrap_app(transport, patches)
        current = Recorder()
        token = recorder.set(current)
        try:
            response = await _answer(http, method, url, options, current)
            await http.settle(_SECONDS_TO_FINISH)
        finally:
            recorder.reset(token)
    for exchange in http.transcript:
        if exchange.request is response.request:
            exchange.error = current.escaped
    return XRay(response, current.spans(), current.escaped)


async def _answer(
    http: Client, method: str, url: str, options: dict[str, Any], current: Recorder
) -> httpx.Response:
    async with http.stream(method, url, **options) as response:
        try:
            await response.aread()
        except httpx.RemoteProtocolError:
            # The app stopped half-way: what it had sent by then is the answer.
            return httpx.Response(
                response.status_code,
                headers=response.headers,
                content=current.body,
                request=response.request,
            )
    return response
