"""Wrong answers to the exercises of chapter 13, and what each is told."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Cookie, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from workbook.proofs import wrong

PAGE = "http://localhost:3000"


class Price(BaseModel):
    price: float


def make_shop() -> FastAPI:
    """The small API of the chapter's set-up cell."""
    app = FastAPI()

    @app.get("/items")
    async def list_items(response: Response) -> list[str]:
        response.headers["X-Total-Count"] = "2"
        return ["tea", "cup"]

    @app.put("/items/{item_id}")
    async def set_price(item_id: int, price: Price) -> Price:
        return price

    @app.delete("/items/{item_id}")
    async def delete_item(item_id: int) -> None: ...

    @app.get("/me")
    async def read_me(session: Annotated[str, Cookie()] = "") -> str:
        return "Ada's address" if session == "ada" else "nobody"

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("a bug")

    return app


def with_cors(**options: Any) -> FastAPI:
    """The shop with the middleware."""
    app = make_shop()
    app.add_middleware(CORSMiddleware, **options)
    return app


async def need_key(request: Request, call_next: Callable) -> Any:
    if request.headers.get("x-key") != "key-of-the-page":
        return JSONResponse({"detail": "A key is missing."}, 401)
    return await call_next(request)


@wrong(
    "wrong_spelling",
    fails="three_pages_read",
    says="Expected a page of http://localhost:3000 to read GET /items, got the console's message: No 'Access-Control-Allow-Origin' header is present on the requested resource. The entry in the list has to be the text that the browser sends.",
)
def one_slash_left():
    return with_cors(
        allow_origins=[
            "http://localhost:3000/",
            "https://shop.example",
            "https://admin.shop.example:8443",
        ]
    )


@wrong(
    "wrong_spelling",
    fails="three_pages_read",
    says="Expected a page of https://admin.shop.example:8443 to read GET /items, got the console's message: No 'Access-Control-Allow-Origin' header is present on the requested resource. The entry in the list has to be the text that the browser sends.",
)
def no_port():
    return with_cors(
        allow_origins=[
            "http://localhost:3000",
            "https://shop.example",
            "https://admin.shop.example",
        ]
    )


@wrong(
    "wrong_spelling",
    fails="others_do_not_read",
    says="Expected nothing of GET /items for a page of https://dmyvvgwf.example, got an answer that its script can read. Name the pages that need the answer; a wider setting is a gift to all others.",
)
def star():
    return with_cors(allow_origins=["*"])


@wrong(
    "wrong_spelling",
    fails="others_do_not_read",
    says="Expected nothing of GET /items for a page of http://shop.example, got an answer that its script can read. Name the pages that need the answer; a wider setting is a gift to all others.",
)
def any_port_and_scheme():
    return with_cors(
        allow_origin_regex=r"https?://(localhost|shop\.example|admin\.shop\.example)(:\d+)?"
    )


ADMINS = [PAGE, "https://admin.example"]


@wrong(
    "allowed_pages",
    fails="admins_read",
    says="Expected a page of http://localhost:3000 to read GET /items, got the console's message: No 'Access-Control-Allow-Origin' header is present on the requested resource. Both are your own pages, and with a token the browser asks about a GET, too.",
)
def one_page_only():
    return with_cors(
        allow_origins=["https://admin.example"],
        allow_methods=["GET", "PUT"],
        allow_headers=["Authorization"],
    )


@wrong(
    "allowed_pages",
    fails="admins_change",
    says="Expected a page of http://localhost:3000 to read PUT /items/62, got the console's message: Response to preflight request doesn't pass access control check: It does not have HTTP ok status (the preflight got 400, 'Disallowed CORS method, headers'). The browser asks first: about the method, and about each header of the script's own.",
)
def origins_alone():
    return with_cors(allow_origins=ADMINS)


@wrong(
    "allowed_pages",
    fails="admins_change",
    says="Expected a page of http://localhost:3000 to read PUT /items/62, got the console's message: Response to preflight request doesn't pass access control check: It does not have HTTP ok status (the preflight got 400, 'Disallowed CORS headers'). The browser asks first: about the method, and about each header of the script's own.",
)
def header_forgotten():
    return with_cors(allow_origins=ADMINS, allow_methods=["GET", "PUT"])


@wrong(
    "allowed_pages",
    fails="strangers_do_nothing",
    says="Expected nothing of GET /items for a page of https://xnqmhzrk.example, got an answer that its script can read. The admin page's rights are for the admin page.",
)
def everybody():
    return with_cors(
        allow_origins=["*"], allow_methods=["GET", "PUT"], allow_headers=["Authorization"]
    )


@wrong(
    "allowed_pages",
    fails="pages_do_not_delete",
    says="Expected nothing of DELETE /items/1 for a page of https://admin.example, got an answer that its script can read. A page that never deletes needs no permission to. Name the methods that it uses.",
)
def every_method():
    return with_cors(allow_origins=ADMINS, allow_methods=["*"], allow_headers=["*"])


@wrong(
    "locked_preflight",
    fails="reads_with_key",
    says="Expected a page of http://localhost:3000 to read GET /items, got the console's message: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource (the preflight got 401, '{\"detail\":\"A key is missing.\"}'). A preflight never carries the key, so nobody may ask it for one.",
)
def still_outside():
    app = with_cors(allow_origins=[PAGE], allow_headers=["X-Key"], allow_methods=["*"])
    app.middleware("http")(need_key)
    return app


@wrong(
    "locked_preflight",
    fails="reads_the_refusal",
    says="Expected a page of http://localhost:3000 to read GET /items, got the console's message: No 'Access-Control-Allow-Origin' header is present on the requested resource. A refusal is an answer too: the page wants to tell its user to log in.",
)
def lets_options_pass():
    app = with_cors(allow_origins=[PAGE], allow_headers=["X-Key"])

    @app.middleware("http")
    async def need_key_but_for_options(request: Request, call_next: Callable) -> Any:
        if request.method == "OPTIONS":
            return await call_next(request)
        return await need_key(request, call_next)

    return app


@wrong(
    "locked_preflight",
    fails="stranger_reads_neither",
    says="Expected nothing of GET /items for a page of https://ndqlzzds.example, got an answer that its script can read. Only one page was to be allowed.",
)
def every_origin():
    app = make_shop()
    app.middleware("http")(need_key)
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_headers=["X-Key"])
    return app


@wrong(
    "visible_500",
    fails="reads_the_500",
    says="Expected a page of http://localhost:3000 to read GET /broken, got the console's message: No 'Access-Control-Allow-Origin' header is present on the requested resource. Without the header the console says CORS, and hides the bug.",
)
def added_as_usual():
    return with_cors(allow_origins=[PAGE])


@wrong(
    "visible_500",
    fails="reads_the_500",
    says="Expected status 500, got status 200. The bug in `/broken` stays; it is no task.",
)
def bug_taken_away():
    app = FastAPI()

    @app.get("/items")
    async def list_items() -> list[str]:
        return ["tea", "cup"]

    @app.get("/broken")
    async def broken() -> str:
        return "mended"

    app.add_middleware(CORSMiddleware, allow_origins=[PAGE])
    return app


@wrong(
    "visible_500",
    fails="reads_the_others",
    says="Expected a page of http://localhost:3000 to read GET /items, got the console's message: No 'Access-Control-Allow-Origin' header is present on the requested resource. What could be read before is still to be read.",
)
def handler_instead_of_middleware():
    app = make_shop()

    @app.exception_handler(Exception)
    async def sorry(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse(None, 500, {"Access-Control-Allow-Origin": PAGE})

    return app


@wrong(
    "visible_500",
    fails="stranger_reads_no_500",
    says="Expected nothing of GET /broken for a page of https://alhopzqy.example, got an answer that its script can read. Only one page was to be allowed.",
)
def around_for_everybody():
    return CORSMiddleware(make_shop(), allow_origins=["*"])


@wrong(
    "visible_500",
    fails="answers_others",
    says="Expected status 200, got status 403. CORS is about pages in browsers, and about nobody else.",
)
def refuses_who_is_no_browser():
    app = CORSMiddleware(make_shop(), allow_origins=[PAGE])

    async def browsers_only(scope: Any, receive: Any, send: Any) -> None:
        names = [name for name, _ in scope.get("headers", [])]
        inner: ASGIApp = (
            app if scope["type"] != "http" or b"origin" in names else JSONResponse(None, 403)
        )
        await inner(scope, receive, send)

    return browsers_only


@wrong(
    "edge_order",
    fails="reads_the_count",
    says="Expected a page of http://localhost:3000 to read GET /items, got the console's message: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource (the preflight got 401, '{\"detail\":\"A key is missing.\"}'). The page sends `X-Key`, and the browser asks about it first.",
)
def key_outermost():
    return "F C G A E"


@wrong(
    "edge_order",
    fails="reads_the_count",
    says="Expected X-Total-Count among the headers that the script can read, got content-length, content-type. The browser hides a header that the server does not expose.",
)
def count_not_exposed():
    return "F C E A"


@wrong(
    "edge_order",
    fails="reads_the_count",
    says="Expected a page of http://localhost:3000 to read GET /items, got the console's message: Response to preflight request doesn't pass access control check: It does not have HTTP ok status (the preflight got 400, 'Disallowed CORS headers'). The page sends `X-Key`, and the browser asks about it first.",
)
def directions_mixed_up():
    return "F H B E A"


@wrong(
    "edge_order",
    fails="reads_a_401",
    says="Expected a page of http://localhost:3000 to read GET /items, got the console's message: No 'Access-Control-Allow-Origin' header is present on the requested resource. The refusal has to pass the CORS middleware on its way out.",
)
def no_key_and_no_cors_outside():
    return "F C G A E"


@wrong(
    "edge_order",
    fails="stranger_reads_no_count",
    says="Expected nothing of GET /items for a page of https://yywtkcvw.example, got an answer that its script can read. One page was to be allowed.",
)
def star_line():
    return "F C G E D"


@wrong(
    "cookie_pages",
    fails="page_reads_as_ada",
    says="Expected a page of http://localhost:3000 to read GET /me, got the console's message: The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' when the request's credentials mode is 'include'. With cookies the browser wants the origin by its name, and a yes to credentials.",
)
def without_credentials():
    return with_cors(allow_origins=[PAGE])


@wrong(
    "cookie_pages",
    fails="no_other_page_reads_as_ada",
    says="Expected nothing of GET /me for a page of https://lnfubyih.example, got an answer that its script can read. A page that your visitor merely opens would read and act in the visitor's name.",
)
def star_stays():
    return with_cors(allow_origins=["*"], allow_credentials=True)


@wrong(
    "cookie_pages",
    fails="no_other_page_reads_as_ada",
    says="Expected nothing of GET /me for a page of http://localhost:3001, got an answer that its script can read. A page that your visitor merely opens would read and act in the visitor's name.",
)
def every_local_port():
    return with_cors(allow_origin_regex=r"http://localhost:\d+", allow_credentials=True)


@wrong(
    "cookie_pages",
    fails="no_other_page_reads_as_ada",
    says="Expected no permission for the origin null, got Access-Control-Allow-Origin: null. `null` is what a sandboxed frame sends, and anybody can make one.",
)
def null_as_well():
    return with_cors(allow_origins=[PAGE, "null"], allow_credentials=True)


@wrong(
    "preview_pages",
    fails="previews_read",
    says="Expected a page of https://pr-68814.preview.shop.example to read GET /items, got the console's message: No 'Access-Control-Allow-Origin' header is present on the requested resource. Every preview has the same form; only its number differs.",
)
def one_digit():
    return with_cors(allow_origin_regex=r"https://(pr-\d\.preview\.)?shop\.example")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://blog.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def point_before_the_star():
    return with_cors(allow_origin_regex=r"https://(.*\.)?shop\.example")


@wrong(
    "preview_pages",
    fails="lookalikes_do_not_read",
    says="Expected nothing of GET /items for a page of https://shop-example, got an answer that its script can read. Anybody can buy such a name and put a page there.",
)
def points_not_escaped():
    return with_cors(allow_origin_regex=r"https://(pr-\d+.preview.)?shop.example")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://blog.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def any_name_in_front():
    return with_cors(
        allow_origin_regex=r"https://(pr-\d+\.preview\.|[a-z]+\.)?shop\.example",
    )


@wrong(
    "preview_pages",
    fails="lookalikes_do_not_read",
    says="Expected nothing of GET /items for a page of https://pr-296.previewxshop.example, got an answer that its script can read. Anybody can buy such a name and put a page there.",
)
def last_point_of_the_group_unescaped():
    return with_cors(allow_origin_regex=r"https://(pr-\d+\.preview.)?shop\.example")


@wrong(
    "preview_pages",
    fails="lookalikes_do_not_read",
    says="Expected nothing of GET /items for a page of https://pr-296.preview.shopxexample, got an answer that its script can read. Anybody can buy such a name and put a page there.",
)
def point_of_the_name_unescaped():
    return with_cors(allow_origin_regex=r"https://(pr-\d+\.preview\.shop.example|shop\.example)")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://pr-1.preview.pr-2.preview.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def group_as_often_as_you_like():
    return with_cors(allow_origin_regex=r"https://(pr-\d+\.preview\.)*shop\.example")


@wrong(
    "wrong_spelling",
    fails="others_do_not_read",
    says="Expected nothing of GET /items for a page of https://shopxexample, got an answer that its script can read. Name the pages that need the answer; a wider setting is a gift to all others.",
)
def any_character_for_the_points():
    return with_cors(
        allow_origin_regex=r"http://localhost:3000|https://(shop.example|admin.shop.example:8443)"
    )


@wrong(
    "wrong_spelling",
    fails="others_do_not_read",
    says="Expected nothing of GET /items for a page of https://localhost:3000, got an answer that its script can read. Name the pages that need the answer; a wider setting is a gift to all others.",
)
def local_page_by_https_as_well():
    return with_cors(
        allow_origins=["https://shop.example", "https://admin.shop.example:8443"],
        allow_origin_regex=r"https?://localhost:3000",
    )


@wrong(
    "wrong_spelling",
    fails="others_do_not_read",
    says="Expected nothing of GET /items for a page of https://shop.example:8443, got an answer that its script can read. Name the pages that need the answer; a wider setting is a gift to all others.",
)
def port_for_both_names():
    return with_cors(
        allow_origins=["http://localhost:3000"],
        allow_origin_regex=r"https://shop\.example(:8443)?|https://admin\.shop\.example:8443",
    )


def _admin_cors(**more: Any) -> FastAPI:
    return with_cors(
        **{
            "allow_origins": [PAGE, "https://admin.example"],
            "allow_methods": ["GET", "PUT"],
            "allow_headers": ["Authorization"],
            **more,
        }
    )


@wrong(
    "allowed_pages",
    fails="strangers_do_nothing",
    says="Expected nothing of GET /items for a page of http://admin.example, got an answer that its script can read. The admin page's rights are for the admin page.",
)
def names_that_end_alike():
    return _admin_cors(allow_origin_regex=r"https?://.*admin\.example")


@wrong(
    "allowed_pages",
    fails="strangers_do_nothing",
    says="Expected nothing of GET /items for a page of http://localhost:3001, got an answer that its script can read. The admin page's rights are for the admin page.",
)
def every_page_of_this_machine():
    return _admin_cors(allow_origin_regex=r"http://localhost(:\d+)?")


@wrong(
    "allowed_pages",
    fails="strangers_do_nothing",
    says="Expected no permission for the origin null, got Access-Control-Allow-Origin: null. `null` is what a sandboxed frame sends, and anybody can make one.",
)
def null_for_the_admin():
    return _admin_cors(allow_origins=[PAGE, "https://admin.example", "null"])


@wrong(
    "allowed_pages",
    fails="pages_do_not_delete",
    says="Expected nothing of DELETE /items/1 for a page of https://admin.example, got an answer that its script can read. A page that never deletes needs no permission to. Name the methods that it uses.",
)
def one_of_them_deletes():
    everything = CORSMiddleware(
        make_shop(),
        allow_origins=["https://admin.example"],
        allow_methods=["*"],
        allow_headers=["*"],
    )
    without_delete = _admin_cors()

    async def by_origin(scope: Scope, receive: Receive, send: Send) -> None:
        admins = (b"origin", b"https://admin.example") in scope.get("headers", [])
        await (everything if admins else without_delete)(scope, receive, send)

    return by_origin


def _key_inside(asks: Callable[[Request], bool]) -> FastAPI:
    """The key where it belongs, asked of some requests only."""
    app = make_shop()

    @app.middleware("http")
    async def need_key_sometimes(request: Request, call_next: Callable) -> Any:
        if asks(request):
            return await need_key(request, call_next)
        return await call_next(request)

    app.add_middleware(CORSMiddleware, allow_origins=[PAGE], allow_headers=["X-Key"])
    return app


@wrong(
    "locked_preflight",
    fails="reads_the_refusal",
    says="Expected PUT /items/1 without the key to be refused, when no page asks, got status 200. The key was for everybody and everything; only the order had to change.",
)
def key_for_reading_only():
    return _key_inside(lambda request: request.method == "GET")


@wrong(
    "locked_preflight",
    fails="reads_the_refusal",
    says="Expected GET /items without the key to be refused, when no page asks, got status 200. The key was for everybody and everything; only the order had to change.",
)
def key_for_pages_only():
    return _key_inside(lambda request: "origin" in request.headers)


@wrong(
    "locked_preflight",
    fails="reads_the_refusal",
    says="Expected GET /me without the key to be refused, when no page asks, got status 200. The key was for everybody and everything; only the order had to change.",
)
def key_for_one_path_only():
    return _key_inside(lambda request: request.url.path == "/items")


@wrong(
    "visible_500",
    fails="answers_others",
    says="Expected status 200, got status 405. CORS is about pages in browsers, and about nobody else.",
)
def reading_only():
    app = CORSMiddleware(make_shop(), allow_origins=[PAGE])

    async def gets(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] != "GET":
            await Response(status_code=405)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return gets


@wrong(
    "cookie_pages",
    fails="no_other_page_reads_as_ada",
    says="Expected nothing of GET /me for a page of https://localhost:3000, got an answer that its script can read. A page that your visitor merely opens would read and act in the visitor's name.",
)
def the_page_by_https_as_well():
    return with_cors(allow_origin_regex=r"https?://localhost:3000", allow_credentials=True)


@wrong(
    "cookie_pages",
    fails="no_other_page_reads_as_ada",
    says="Expected nothing of GET /me for a page of http://127.0.0.1:3000, got an answer that its script can read. A page that your visitor merely opens would read and act in the visitor's name.",
)
def the_page_by_its_number_as_well():
    return with_cors(allow_origins=[PAGE, "http://127.0.0.1:3000"], allow_credentials=True)


@wrong(
    "cookie_pages",
    fails="no_other_page_reads_as_ada",
    says="Expected nothing of GET /me for a page of http://localhost:30000, got an answer that its script can read. A page that your visitor merely opens would read and act in the visitor's name.",
)
def anything_after_the_port():
    return with_cors(allow_origin_regex=r"http://localhost:3000.*", allow_credentials=True)


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://pr-6.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def preview_may_be_missing():
    return with_cors(allow_origin_regex=r"https://(pr-\d+\.(preview\.)?)?shop\.example")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://pr-a.preview.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def letters_of_hexadecimal_numbers():
    return with_cors(allow_origin_regex=r"https://(pr-[0-9a-f]+\.preview\.)?shop\.example")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://pr-5-5.preview.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def two_numbers():
    return with_cors(allow_origin_regex=r"https://(pr-[\d-]+\.preview\.)?shop\.example")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://pr2.preview.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def hyphen_may_be_missing():
    return with_cors(allow_origin_regex=r"https://(pr-?\d+\.preview\.)?shop\.example")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://prx8.preview.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def any_character_for_the_hyphen():
    return with_cors(allow_origin_regex=r"https://(pr.\d+\.preview\.)?shop\.example")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://qa-9.preview.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def anything_with_a_number():
    return with_cors(allow_origin_regex=r"https://(\w+-\d+\.preview\.)?shop\.example")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://pr-6.staging.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def any_stage():
    return with_cors(allow_origin_regex=r"https://(pr-\d+\.\w+\.)?shop\.example")


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of http://pr-8.preview.shop.example, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def previews_by_http():
    return with_cors(
        allow_origin_regex=r"https://shop\.example|https?://pr-\d+\.preview\.shop\.example"
    )


@wrong(
    "preview_pages",
    fails="other_subdomains_do_not_read",
    says="Expected nothing of GET /items for a page of https://pr-7.preview.shop.example:8443, got an answer that its script can read. The task names two kinds of pages. A blog with a hole should not read for them.",
)
def previews_on_any_port():
    return with_cors(
        allow_origin_regex=r"https://shop\.example|https://pr-\d+\.preview\.shop\.example(:\d+)?"
    )
