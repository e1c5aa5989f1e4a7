"""The list of items, paged by a cursor.

Version 1 pages by an offset and counts all items for each page. Taking `offset` and `total` away
would break its clients, so the better list has an address of its own. One item is the same.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from lesson_app.api.openapi import headers, problems
from lesson_app.crud import item_listing
from lesson_app.dependencies import SessionDep
from lesson_app.schemas.item import ItemOut
from lesson_app.schemas.item_query import KeysetItemQuery, write_cursor
from lesson_app.schemas.page import KeysetPage

router = APIRouter(
    prefix="/items", tags=["items"], responses=problems(status.HTTP_422_UNPROCESSABLE_CONTENT)
)


@router.get(
    "",
    responses={
        # The last page has none.
        status.HTTP_200_OK: headers({"Link": "The next page"}, required=False)
    },
)
async def list_items_v2(
    query: Annotated[KeysetItemQuery, Query()],
    session: SessionDep,
    request: Request,
    response: Response,
) -> KeysetPage[ItemOut]:
    """List items. To go on, follow `next`, in the body and in the header `Link`.

    A page costs the same however far down it is, and rows that come or go meanwhile make no
    other row appear twice or never. There is no total: to count, the database reads every row.
    """
    found, more = await item_listing.list_items_after(session, query)
    items = [ItemOut.model_validate(item) for item in found]
    if not more:
        return KeysetPage(items=items, next=None)
    following = request.url.include_query_params(after=write_cursor(query.sort, items[-1]))
    address = f"{following.path}?{following.query}"
    response.headers["Link"] = f'<{address}>; rel="next"'
    return KeysetPage(items=items, next=address)
